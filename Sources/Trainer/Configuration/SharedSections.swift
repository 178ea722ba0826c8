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

/// The optimizers that `optimizer.name` can name.
enum OptimizerName: String, Sendable, ConfigurationChoice {
  /// Stochastic gradient descent with momentum.
  case sgd
  /// Adam with decoupled weight decay.
  case adamw
}

/// `optimizer`.
struct OptimizerSection: ConfigurationSection {
  /// Which one.
  var name = OptimizerName.sgd
  /// The peak of the schedule.
  var learningRate = 0.05
  /// sgd only.
  var momentum = 0.9
  /// sgd only.
  var nesterov = true
  /// Not applied to norms and biases.
  var weightDecay = 1e-4
  /// adamw only.
  var beta1 = 0.9
  /// adamw only.
  var beta2 = 0.999
  /// adamw only.
  var epsilon = 1e-8

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey("name", \.name, "The optimizer."),
      ConfigurationKey(
        "learning_rate", \.learningRate, "Learning rate at the peak of the schedule.",
        must: .from(1e-30, to: 1e38)),
      ConfigurationKey("momentum", \.momentum, "Momentum (sgd).", must: .belowOne),
      ConfigurationKey("nesterov", \.nesterov, "Nesterov's look-ahead (sgd)."),
      ConfigurationKey(
        "weight_decay", \.weightDecay, "Weight decay; norms and biases are left out.",
        must: .from(0, to: 1000)),
      ConfigurationKey("beta1", \.beta1, "Decay of the mean gradient (adamw).", must: .belowOne),
      ConfigurationKey("beta2", \.beta2, "Decay of the mean square (adamw).", must: .belowOne),
      ConfigurationKey(
        "epsilon", \.epsilon, "Added to the denominator (adamw).",
        must: .from(1e-20, to: 1)),
    ]
  }
}

/// The learning-rate schedules that `schedule.name` can name.
enum ScheduleName: String, Sendable, ConfigurationChoice {
  /// Half a cosine from the peak to the final fraction.
  case cosine
  /// The peak all along.
  case constant
}

/// `schedule`: the learning rate over time.
struct ScheduleSection: ConfigurationSection {
  /// The shape after the warm-up.
  var name = ScheduleName.cosine
  /// The length of the linear rise at the start.
  var warmup = Interval.epochs(1)
  /// The last learning rate as a fraction of the peak.
  var finalFraction = 0.0

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey("name", \.name, "Shape of the learning rate after the warm-up."),
      ConfigurationKey("warmup", \.warmup, "Length of the linear rise at the start."),
      ConfigurationKey(
        "final_fraction", \.finalFraction, "Where the cosine ends, as a fraction of the peak.",
        must: .fraction),
    ]
  }
}

/// `checkpoint`: what survives an interruption.
struct CheckpointSection: ConfigurationSection {
  /// Updates between two checkpoints.
  var everySteps = 500
  /// Checkpoints that are kept.
  var keep = 3

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "every_steps", \.everySteps, "Optimizer updates between two checkpoints.",
        must: .positive, changesResult: false),
      ConfigurationKey(
        "keep", \.keep, "Newest checkpoints that are kept.", must: .positive, changesResult: false),
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
        must: Requirement(words: "at least 1 epoch or step") { $0.count > 0 },
        changesResult: false)
    ]
  }
}

/// `logging`.
struct LoggingSection: ConfigurationSection {
  /// Updates between two lines of metrics.
  var everySteps = 10

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "every_steps", \.everySteps, "Optimizer updates between two lines of metrics.",
        must: .positive, changesResult: false)
    ]
  }
}
