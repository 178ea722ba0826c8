/// A backbone with the heads that describe a face: its expression among classes, its valence and
/// arousal, and an embedding in which like expressions are close.
///
/// Parameters: the backbone's and its classifier's by torchvision's names, then `affect.weight` and
/// `affect.bias` of a linear layer from the features to valence and arousal, then those of
/// `ExpressionEmbedding`.
public struct FaceNetwork: Sendable, Equatable {
  /// The backbone with its classifier.
  public var backbone: ModelDescription
  /// Whether there is a head for valence and arousal.
  public var hasAffect: Bool
  /// The head for the embedding; nil for none.
  public var embedding: ExpressionEmbedding?

  /// A backbone with these heads.
  public init(
    backbone: ModelDescription, hasAffect: Bool = false, embedding: ExpressionEmbedding? = nil
  ) {
    self.backbone = backbone
    self.hasAffect = hasAffect
    self.embedding = embedding
  }

  /// The parameters of each head, whose shapes do not follow from the backbone alone: a head is
  /// taken over as a whole, or begins afresh.
  public var heads: [[String]] {
    var heads = [backbone.name.head]
    if hasAffect { heads.append(Graph.affectHead) }
    if let embedding {
      let layers = embedding.hidden == nil ? [0] : [0, 2]
      heads.append(layers.flatMap { ["embedding.\($0).weight", "embedding.\($0).bias"] })
    }
    return heads
  }

  /// The network without losses: every head sees every sample.
  ///
  /// Outputs: `logits` `[classes]`; `affect` `[2]`, valence and arousal; `embedding` `[dimensions]`;
  /// `features` `[F]`, what the heads read.
  ///
  /// - Parameter hasFeatures: whether there is an output `features`.
  /// - Throws: `NetsError.shape`.
  public func graph(hasFeatures: Bool = false) throws -> Graph {
    var network = try backbone.network()
    if hasFeatures { network.graph.output("features", network.features) }
    if hasAffect {
      network.graph.output("affect", try network.graph.addAffectHead(network.features))
    }
    if let embedding {
      network.graph.output(
        "embedding", try network.graph.expressionEmbedding(network.features, embedding))
    }
    return network.graph
  }

  /// The network with its losses.
  ///
  /// The first rows of a batch are labelled faces, faces without labels follow, then the rows of
  /// triplets, three by three, the odd one last. Inputs, beside the images: for the labelled faces
  /// `labels` and `weights` (and `partner_labels` and `partner_weights` where samples are mixed),
  /// `affect_targets` `[2]` (not a number where unknown) and `affect_weights`; for all faces with a
  /// teacher `teacher_weights`, and as far as they are learned `teacher_logits` `[classes]`,
  /// `teacher_affect` `[2]` and `teacher_embedding` `[dimensions]`; for each triplet `triplet_margins`
  /// and `triplet_weights`.
  ///
  /// - Throws: `NetsError.shape`.
  public func graph(trainedBy objective: FaceObjective) throws -> Graph {
    try graph(of: try backbone.network(), trainedBy: objective)
  }

  /// The heads and losses on a backbone.
  func graph(of network: Network, trainedBy objective: FaceObjective) throws -> Graph {
    var network = network
    let weights = objective.distillation.map { _ -> ValueID in
      let taught = objective.taughtRows.count
      return network.graph.input(
        "teacher_weights", .floats, shape: [],
        rows: taught == objective.rows ? .batch : .fixed(taught))
    }
    try addClassLosses(to: &network, objective, taughtBy: weights)
    if hasAffect { try addAffectLosses(to: &network, objective, taughtBy: weights) }
    if let embedding {
      try addEmbeddingLosses(of: embedding, to: &network, objective, taughtBy: weights)
    }
    return network.graph
  }

  private func addClassLosses(
    to network: inout Network, _ objective: FaceObjective, taughtBy weights: ValueID?
  ) throws {
    let wanted = objective.distillation?.classes ?? 0
    let parts = try network.graph.parts(
      of: network.logits, [objective.labelledRows] + (wanted > 0 ? [objective.taughtRows] : []),
      outOf: objective.rows, name: "logits.faces")
    try network.addClassificationLoss(
      of: parts[0], mixed: objective.mixed, factor: objective.expression,
      labelSmoothing: objective.labelSmoothing)
    if let weights, let distillation = objective.distillation, wanted > 0 {
      try network.graph.distillation(
        student: parts[1], teacher: network.graph.teacherInput("teacher_logits", like: parts[1]),
        weights: weights, name: "distillation_loss", factor: wanted,
        temperature: distillation.temperature)
    }
  }

  private func addAffectLosses(
    to network: inout Network, _ objective: FaceObjective, taughtBy weights: ValueID?
  ) throws {
    let wanted = objective.distillation?.affect ?? 0
    let isLabelled = objective.concordance > 0 || objective.squaredError > 0
    let all = try network.graph.parts(
      of: network.features, [wanted > 0 ? objective.taughtRows : objective.labelledRows],
      outOf: objective.rows, name: "affect.faces")
    let predictions = try network.graph.addAffectHead(all[0])
    let parts = try network.graph.parts(
      of: predictions,
      (isLabelled ? [objective.labelledRows] : []) + (wanted > 0 ? [objective.taughtRows] : []),
      outOf: wanted > 0 ? objective.taughtRows.count : objective.faces, name: "affect.parts")
    if isLabelled, let labelled = parts.first {
      try network.graph.addAffectLosses(
        of: labelled, concordance: objective.concordance, squaredError: objective.squaredError)
    }
    if wanted > 0, let weights, let taught = parts.last {
      try network.graph.meanSquaredError(
        taught, targets: network.graph.teacherInput("teacher_affect", like: taught),
        weights: weights, name: "affect_distillation_loss", dimensions: [], factor: wanted)
    }
  }

  private func addEmbeddingLosses(
    of head: ExpressionEmbedding, to network: inout Network, _ objective: FaceObjective,
    taughtBy weights: ValueID?
  ) throws {
    let wanted = objective.distillation?.embedding ?? 0
    let rows = (wanted > 0 ? 0 : objective.tripletRows.lowerBound)..<objective.rows
    guard !rows.isEmpty else { return }
    let features = try network.graph.parts(
      of: network.features, [rows], outOf: objective.rows, name: "embedding.faces")
    let embeddings = try network.graph.expressionEmbedding(features[0], head)
    let parts = try network.graph.parts(
      of: embeddings,
      (wanted > 0 ? [objective.taughtRows] : [])
        + (objective.triplets > 0 ? [objective.tripletRows.shifted(by: -rows.lowerBound)] : []),
      outOf: rows.count, name: "embedding.parts")
    if wanted > 0, let weights {
      try network.graph.embeddingDistance(
        parts[0], targets: network.graph.teacherInput("teacher_embedding", like: parts[0]),
        weights: weights, name: "embedding_distillation_loss", factor: wanted)
    }
    if objective.triplets > 0, let triplets = parts.last {
      try network.addTripletLoss(of: triplets, objective)
    }
  }
}

extension Graph {
  /// Parts of a batch for different losses; the value itself where a part is all of it.
  fileprivate mutating func parts(
    of value: ValueID, _ parts: [Range<Int>], outOf rows: Int, name: String
  ) throws -> [ValueID] {
    let cut = parts.filter { $0 != 0..<rows }
    var results = cut.isEmpty ? [] : try self.parts(of: value, rows: cut, name: name)
    return parts.map { $0 == 0..<rows ? value : results.removeFirst() }
  }

  /// An input for what a teacher says where a student says `value`.
  fileprivate mutating func teacherInput(_ name: String, like value: ValueID) -> ValueID {
    input(name, .floats, shape: shape(of: value), rows: rows(of: value))
  }
}

extension Range<Int> {
  fileprivate func shifted(by distance: Int) -> Self {
    (lowerBound + distance)..<(upperBound + distance)
  }
}

extension Network {
  fileprivate mutating func addTripletLoss(
    of embeddings: ValueID, _ objective: FaceObjective
  ) throws {
    let rows = Rows.fixed(objective.triplets)
    let margins = graph.input("triplet_margins", .floats, shape: [], rows: rows)
    let weights = graph.input("triplet_weights", .floats, shape: [], rows: rows)
    try graph.tripletLoss(
      embeddings, margins: margins, weights: weights, name: "triplet_loss",
      factor: objective.triplet)
  }
}
