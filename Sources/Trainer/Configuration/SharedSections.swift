import Distributed
import Nets

// The sections that every stage's configuration shares.

extension Precision: ConfigurationChoice {}
extension ModelName: ConfigurationChoice {}
extension ReductionAlgorithm: ConfigurationChoice {}

/// `model`: what is trained.
struct ModelSection: ConfigurationSection {
  /// The architecture.
  var name = ModelName.resnet18
  /// Height and width of the square input, in pixels.
  var imageSize = 112
  /// Weights to start from.
  var weights: String?
  /// Probability of a feature to be dropped before the classifier; nil for the network's own.
  var dropout: Double?
  /// Probability of the last block's branch to be dropped; nil for the network's own.
  var stochasticDepth: Double?

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "name", \.name, "Architecture, by torchvision's name.",
        must: Requirement(words: "a network that sees images") { $0.isVisual }),
      ConfigurationKey(
        "image_size", \.imageSize, "Height and width of the square input, pixels.",
        must: Requirement(words: "from 32 to 1024") { (32...1024).contains($0) }),
      ConfigurationKey(
        "weights", \.weights,
        "safetensors file to start from; a classifier head of another shape starts afresh."),
      ConfigurationKey(
        "dropout", \.dropout,
        "Probability with which a feature does not reach the classifier; null: torchvision's.",
        must: Requirement<Double>.belowOne.ifPresent),
      ConfigurationKey(
        "stochastic_depth", \.stochasticDepth,
        "Probability with which the last residual branch is dropped, less before; null: torchvision's.",
        must: Requirement<Double>.belowOne.ifPresent),
    ]
  }
}

/// `batch`: the global batch and the micro-batches it is cut into.
struct BatchSection: ConfigurationSection {
  /// Samples of one optimizer update.
  var global = 64
  /// Samples of one forward and backward pass.
  var micro = 16
  /// Counts of samples are summed in float32 with the gradients, exact up to here.
  private static let largestGlobal = 1 << 24
  /// Micro-batches of one update.
  var microBatches: Int { global / micro }

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "global", \.global, "Samples of one optimizer update, over all ranks.",
        must: .oneTo(largestGlobal)),
      ConfigurationKey(
        "micro", \.micro,
        "Samples of one forward and backward pass; batch statistics are over these.",
        must: .oneTo(largestGlobal)),
    ]
  }
}

/// `train`: how long.
struct TrainSection: ConfigurationSection {
  /// Passes over the training set.
  var epochs = 16
  /// An earlier end, in optimizer updates.
  var maximumSteps: Int?

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey("epochs", \.epochs, "Passes over the training set.", must: .oneTo(100_000)),
      ConfigurationKey(
        "max_steps", \.maximumSteps, "Ends the training (and its schedule) after so many updates.",
        must: Requirement<Int>.positive.ifPresent),
    ]
  }
}

/// What happens where a checkpoint cannot be written.
enum CheckpointErrorPolicy: String, ConfigurationChoice, CaseIterable {
  /// The training says so and goes on.
  case warn
  /// The training ends.
  case fail
}

/// `checkpoint`: what survives an interruption.
struct CheckpointSection: ConfigurationSection {
  /// Updates between two checkpoints.
  var everySteps = 500
  /// Newest checkpoints that are kept.
  var keep = 3
  /// Updates between checkpoints that are kept for good.
  var keepEverySteps: Int?
  /// What happens where one cannot be written.
  var onError = CheckpointErrorPolicy.warn
  /// Whether the training goes on while one is written.
  var background = true
  /// Which of them stay.
  var retention: CheckpointRetention {
    CheckpointRetention(newest: keep, everySteps: keepEverySteps)
  }

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "every_steps", \.everySteps, "Optimizer updates between two checkpoints.",
        must: .positive, changesResult: false),
      ConfigurationKey(
        "keep", \.keep, "Newest checkpoints that are kept.", must: .positive, changesResult: false),
      ConfigurationKey(
        "keep_every_steps", \.keepEverySteps,
        "Keeps every checkpoint after a multiple of so many updates, too; null: none.",
        must: Requirement<Int>.positive.ifPresent, changesResult: false),
      ConfigurationKey(
        "on_error", \.onError,
        "Where a checkpoint cannot be written: warn and try at the next one, or fail.",
        changesResult: false),
      ConfigurationKey(
        "background", \.background, "Whether training goes on while a checkpoint is written.",
        changesResult: false),
    ]
  }
}

/// `evaluation`.
struct EvaluationSection: ConfigurationSection {
  /// The stretch between two evaluations.
  var every = Interval.epochs(1)

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "every", \.every, "Time between two evaluations; there is one at the end in any case.",
        must: .notEmpty, changesResult: false)
    ]
  }
}

/// `logging`.
struct LoggingSection: ConfigurationSection {
  /// Updates between two lines of metrics.
  var everySteps = 10
  /// Whether evaluations are followed by histograms of the weights.
  var histograms = true
  /// Whether images of samples are written.
  var images = true

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "every_steps", \.everySteps, "Optimizer updates between two lines of metrics.",
        must: .positive, changesResult: false),
      ConfigurationKey(
        "histograms", \.histograms,
        "Histograms of weights and norms of gradients for TensorBoard, at evaluations.",
        changesResult: false),
      ConfigurationKey(
        "images", \.images,
        "Images of samples in report.html and for TensorBoard, at evaluations.",
        changesResult: false),
    ]
  }
}
