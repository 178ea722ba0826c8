import Datasets
import Nets

/// The configuration of `aver-train teacher`.
struct TeacherConfiguration: StageConfiguration {
  var common = CommonSections()
  /// What is trained.
  var model = ModelSection()
  /// On which labelled faces.
  var data = DataSection()
  /// On which triplets of faces.
  var triplets = TripletSection()
  /// What for.
  var loss = LossSection()

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    generalKeys + section("model", \.model) + section("data", \.data)
      + section("triplets", \.triplets) + section("loss", \.loss) + trainingKeys
  }

  static func contradictions(in loaded: LoadedConfiguration<Self>) -> [ConfigurationMistake] {
    [loaded.rowMistake(), loaded.tripletMistake()].compactMap { $0 }
  }

  var metrics: [EvaluationMetric] { FaceReport.metrics(of: network) }

  var heads: [String] { network.heads.flatMap { $0 } }

  /// Labelled faces of a micro-batch; its other rows are those of triplets.
  var facesPerMicroBatch: Int { common.batch.micro - 3 * triplets.perMicroBatch }

  /// The network as Nets takes it.
  var network: FaceNetwork {
    FaceNetwork(
      backbone: ModelDescription(
        name: model.name, classes: Expression.allCases.count, imageSize: model.imageSize),
      hasAffect: loss.hasAffect,
      embedding: triplets.root == nil
        ? nil : ExpressionEmbedding(hidden: triplets.hidden, dimensions: triplets.dimensions))
  }

  /// What it is trained for.
  var objective: FaceObjective {
    FaceObjective(
      faces: facesPerMicroBatch, triplets: triplets.perMicroBatch,
      mixed: data.augmentation.mixing != .none, expression: Float(loss.expression),
      labelSmoothing: Float(loss.labelSmoothing), concordance: Float(loss.concordance),
      squaredError: Float(loss.squaredError), triplet: Float(loss.triplet))
  }
}

extension LoadedConfiguration<TeacherConfiguration> {
  fileprivate func rowMistake() -> ConfigurationMistake? {
    guard values.facesPerMicroBatch < 1 else { return nil }
    let count = values.triplets.perMicroBatch
    return mistake(
      "triplets.per_micro_batch",
      "\(count) triplets are \(3 * count) of the \(values.batch.micro) rows of a micro-batch and "
        + "leave none for labelled faces; raise batch.micro")
  }

  fileprivate func tripletMistake() -> ConfigurationMistake? {
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

/// `loss`: what the network is trained for, as factors of the losses in their sum.
struct LossSection: ConfigurationSection {
  /// Of the cross-entropy of the classes.
  var expression = 1.0
  /// The part of a label that is spread over all classes.
  var labelSmoothing = 0.0
  /// Of 1 − CCC of valence and arousal.
  var concordance = 0.0
  /// Of their mean squared error.
  var squaredError = 0.0
  /// Of the triplets' loss.
  var triplet = 1.0
  /// Whether valence and arousal are learned.
  var hasAffect: Bool { concordance > 0 || squaredError > 0 }
  private static let largestFactor = 1e4

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "expression", \.expression, "Factor of the cross-entropy of the classes.",
        must: .from(1e-4, to: largestFactor)),
      ConfigurationKey(
        "label_smoothing", \.labelSmoothing, "Part of a label that is spread over all classes.",
        must: .belowOne),
      ConfigurationKey(
        "concordance", \.concordance, "Factor of 1 - CCC of valence and arousal; 0 for none.",
        must: .from(0, to: largestFactor)),
      ConfigurationKey(
        "squared_error", \.squaredError,
        "Factor of the mean squared error of valence and arousal; 0 for none.",
        must: .from(0, to: largestFactor)),
      ConfigurationKey(
        "triplet", \.triplet, "Factor of the loss of triplets, where there are any.",
        must: .from(1e-4, to: largestFactor)),
    ]
  }
}
