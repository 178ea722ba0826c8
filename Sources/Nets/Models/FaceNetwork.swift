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
    if hasAffect { heads.append(["affect.weight", "affect.bias"]) }
    if let embedding {
      let layers = embedding.hidden == nil ? [0] : [0, 2]
      heads.append(layers.flatMap { ["embedding.\($0).weight", "embedding.\($0).bias"] })
    }
    return heads
  }

  /// The network without losses: every head sees every sample.
  ///
  /// Outputs: `logits` `[classes]`; `affect` `[2]`, valence and arousal; `embedding` `[dimensions]`.
  ///
  /// - Throws: `NetsError.shape`.
  public func graph() throws -> Graph {
    var network = try backbone.network()
    if hasAffect {
      network.graph.output("affect", try network.addAffectHead(network.features))
    }
    if let embedding {
      network.graph.output(
        "embedding", try network.graph.expressionEmbedding(network.features, embedding))
    }
    return network.graph
  }

  /// The network with its losses.
  ///
  /// The first rows of a batch are labelled faces, the rows of triplets follow, three by three, the odd
  /// one last. Inputs, beside the images: for the faces `labels` and `weights` (and `partner_labels`
  /// and `partner_weights` where samples are mixed), `affect_targets` `[2]` (not a number where
  /// unknown) and `affect_weights`; for each triplet `triplet_margins` and `triplet_weights`.
  ///
  /// - Throws: `NetsError.shape`.
  public func graph(trainedBy objective: FaceObjective) throws -> Graph {
    var network = try backbone.network()
    let faces = 0..<objective.faces
    let triplets = objective.faces..<(objective.faces + 3 * objective.triplets)
    func part(_ value: ValueID, _ rows: Range<Int>, _ name: String) throws -> ValueID {
      objective.triplets == 0
        ? value : try network.graph.parts(of: value, rows: [rows], name: name)[0]
    }
    try network.addClassificationLoss(
      of: part(network.logits, faces, "logits.faces"), mixed: objective.mixed,
      factor: objective.expression, labelSmoothing: objective.labelSmoothing)
    if hasAffect {
      let predictions = try network.addAffectHead(part(network.features, faces, "affect.faces"))
      try network.addAffectLosses(of: predictions, objective)
    }
    if let embedding {
      let embeddings = try network.graph.expressionEmbedding(
        part(network.features, triplets, "embedding.triplets"), embedding)
      try network.addTripletLoss(of: embeddings, objective)
    }
    return network.graph
  }
}

/// What the heads of a `FaceNetwork` are trained for, and on which rows of a batch.
public struct FaceObjective: Sendable, Equatable {
  /// Labelled faces of a micro-batch.
  public var faces: Int
  /// Triplets of a micro-batch, of three rows each.
  public var triplets: Int
  /// Whether labelled samples are mixed of two.
  public var mixed: Bool
  /// λ of the cross-entropy of the classes.
  public var expression: Float
  /// The part of a label that is spread over all classes.
  public var labelSmoothing: Float
  /// λ of 1 − CCC of valence and arousal.
  public var concordance: Float
  /// λ of their mean squared error.
  public var squaredError: Float
  /// λ of the triplets' loss.
  public var triplet: Float

  /// An objective with every field given.
  public init(
    faces: Int, triplets: Int = 0, mixed: Bool = false, expression: Float = 1,
    labelSmoothing: Float = 0, concordance: Float = 0, squaredError: Float = 0, triplet: Float = 1
  ) {
    self.faces = faces
    self.triplets = triplets
    self.mixed = mixed
    self.expression = expression
    self.labelSmoothing = labelSmoothing
    self.concordance = concordance
    self.squaredError = squaredError
    self.triplet = triplet
  }
}

extension Network {
  fileprivate mutating func addAffectHead(_ features: ValueID) throws -> ValueID {
    try graph.linear(features, name: "affect", features: 2)
  }

  fileprivate mutating func addAffectLosses(
    of predictions: ValueID, _ objective: FaceObjective
  ) throws {
    let rows = graph.rows(of: predictions)
    let targets = graph.input("affect_targets", .floats, shape: [2], rows: rows)
    let weights = graph.input("affect_weights", .floats, shape: [], rows: rows)
    if objective.concordance > 0 {
      try graph.concordanceLoss(
        predictions, targets: targets, weights: weights, name: "concordance_loss",
        dimensions: ["valence_ccc", "arousal_ccc"], factor: objective.concordance)
    }
    if objective.squaredError > 0 {
      try graph.meanSquaredError(
        predictions, targets: targets, weights: weights, name: "affect_loss",
        dimensions: ["valence_mse", "arousal_mse"], factor: objective.squaredError)
    }
  }

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
