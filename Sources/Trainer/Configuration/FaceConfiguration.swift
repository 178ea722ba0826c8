import Datasets
import Nets

/// The configuration of a stage that trains a face network: the sections that such stages share.
protocol FaceConfiguration: StageConfiguration {
  /// What is trained.
  var model: ModelSection { get set }
  /// On which labelled faces.
  var data: DataSection { get set }
  /// On which triplets of faces.
  var triplets: TripletSection { get set }
  /// What for.
  var loss: LossSection { get set }
  /// What a teacher teaches; nil for none.
  var distillation: DistillSections? { get }
  /// Whether the network has a head for valence and arousal.
  var hasAffect: Bool { get }
  /// Whether the network has a head for the embedding.
  var hasEmbedding: Bool { get }
  /// Faces without labels in each micro-batch.
  var unlabeledPerMicroBatch: Int { get }
  /// What the network is trained for.
  var objective: FaceObjective { get }
}

extension FaceConfiguration {
  /// The keys of these sections.
  static var faceKeys: [ConfigurationKey<Self>] {
    section("model", \.model) + section("data", \.data) + section("triplets", \.triplets)
      + section("loss", \.loss)
  }

  static var evaluationKeys: [String] { ["data.validation", "triplets.test"] }

  static func contradictions(in loaded: LoadedConfiguration<Self>) -> [ConfigurationMistake] {
    loaded.faceMistakes()
  }

  var distillation: DistillSections? { nil }
  var hasAffect: Bool { loss.hasAffect }
  var hasEmbedding: Bool { triplets.root != nil }
  var unlabeledPerMicroBatch: Int { 0 }
  var metrics: [EvaluationMetric] { FaceReport.metrics(of: network) }
  var heads: [String] { network.heads.flatMap { $0 } }

  /// Labelled faces of a micro-batch; its other rows are those of other sets.
  var facesPerMicroBatch: Int {
    common.batch.micro - unlabeledPerMicroBatch - 3 * triplets.perMicroBatch
  }

  /// The network as Nets takes it.
  var network: FaceNetwork {
    FaceNetwork(
      backbone: ModelDescription(
        name: model.name, classes: Expression.allCases.count, imageSize: model.imageSize,
        dropout: model.dropout.map { Float($0) },
        stochasticDepth: model.stochasticDepth.map { Float($0) }),
      hasAffect: hasAffect,
      embedding: hasEmbedding
        ? ExpressionEmbedding(hidden: triplets.hidden, dimensions: triplets.dimensions) : nil)
  }

  /// What the labelled faces and the triplets teach.
  var labelledObjective: FaceObjective {
    FaceObjective(
      faces: facesPerMicroBatch, triplets: triplets.perMicroBatch,
      mixed: data.augmentation.mixing != .none, expression: Float(loss.expression),
      labelSmoothing: Float(loss.labelSmoothing), concordance: Float(loss.concordance),
      squaredError: Float(loss.squaredError), triplet: Float(loss.triplet))
  }
}

extension LoadedConfiguration where Root: FaceConfiguration {
  /// What is wrong with the shares of the sets in a micro-batch.
  func faceMistakes() -> [ConfigurationMistake] {
    [depthMistake(), rowMistake(), tripletMistake()].compactMap { $0 }
  }

  private func depthMistake() -> ConfigurationMistake? {
    guard values.model.stochasticDepth ?? 0 > 0, !values.model.name.hasResidualBranches else {
      return nil
    }
    return mistake(
      "model.stochastic_depth", "\(values.model.name) has no residual branches to drop")
  }

  private func rowMistake() -> ConfigurationMistake? {
    guard values.facesPerMicroBatch < 1 else { return nil }
    let (unlabeled, triplets) = (values.unlabeledPerMicroBatch, values.triplets.perMicroBatch)
    let others = [
      (unlabeled, "\(unlabeled) faces without labels"),
      (triplets, "\(triplets) triplets of three faces"),
    ].filter { $0.0 > 0 }.map(\.1).joined(separator: " and ")
    return mistake(
      triplets > 0 ? "triplets.per_micro_batch" : "unlabeled.per_micro_batch",
      "\(others) leave none of the \(values.batch.micro) rows of a micro-batch for labelled faces; "
        + "raise batch.micro")
  }

  private func tripletMistake() -> ConfigurationMistake? {
    switch (values.triplets.root, values.triplets.perMicroBatch) {
    case (nil, 1...):
      mistake("triplets.per_micro_batch", "needs triplets.root, the folder of the triplets")
    case (.some, 0):
      mistake(
        "triplets.per_micro_batch", "is 0: none of the triplets of triplets.root would be seen")
    default: nil
    }
  }
}
