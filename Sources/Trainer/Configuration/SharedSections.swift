import Distributed
import Nets

// The sections that every stage's configuration shares.

extension Precision: ConfigurationChoice {}
extension ModelName: ConfigurationChoice {}
extension ReductionAlgorithm: ConfigurationChoice {}

/// `model`: what is trained.
public struct ModelSection: ConfigurationSection {
  /// The architecture.
  public var name = ModelName.resnet18
  /// Height and width of the square input, in pixels.
  public var imageSize = 112
  /// Weights to start from.
  public var weights: String?

  /// The defaults.
  public init() {}

  public static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey("name", \.name, "Architecture, by torchvision's name."),
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
public struct BatchSection: ConfigurationSection {
  /// Samples of one optimizer update.
  public var global = 64
  /// Samples of one forward and backward pass.
  public var micro = 16
  /// Micro-batches of one update.
  public var microBatches: Int { global / micro }

  /// The defaults.
  public init() {}

  public static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "global", \.global, "Samples of one optimizer update, over all ranks.", must: .positive),
      ConfigurationKey(
        "micro", \.micro,
        "Samples of one forward and backward pass; batch statistics are over these.",
        must: .positive),
    ]
  }
}

/// `train`: how long.
public struct TrainSection: ConfigurationSection {
  /// Passes over the training set.
  public var epochs = 16
  /// An earlier end, in optimizer updates.
  public var maximumSteps: Int?

  /// The defaults.
  public init() {}

  public static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey("epochs", \.epochs, "Passes over the training set.", must: .positive),
      ConfigurationKey(
        "max_steps", \.maximumSteps, "Ends the training (and its schedule) after so many updates.",
        must: Requirement<Int>.positive.ifPresent),
    ]
  }
}

/// The optimizers that `optimizer.name` can name.
public enum OptimizerName: String, Sendable, ConfigurationChoice {
  /// Stochastic gradient descent with momentum.
  case sgd
  /// Adam with decoupled weight decay.
  case adamw
}

/// `optimizer`.
public struct OptimizerSection: ConfigurationSection {
  /// Which one.
  public var name = OptimizerName.sgd
  /// The peak of the schedule.
  public var learningRate = 0.05
  /// sgd only.
  public var momentum = 0.9
  /// sgd only.
  public var nesterov = true
  /// Not applied to norms and biases.
  public var weightDecay = 1e-4
  /// adamw only.
  public var beta1 = 0.9
  /// adamw only.
  public var beta2 = 0.999
  /// adamw only.
  public var epsilon = 1e-8

  /// The defaults.
  public init() {}

  public static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey("name", \.name, "The optimizer."),
      ConfigurationKey(
        "learning_rate", \.learningRate, "Learning rate at the peak of the schedule.",
        must: .positive),
      ConfigurationKey("momentum", \.momentum, "Momentum (sgd).", must: .belowOne),
      ConfigurationKey("nesterov", \.nesterov, "Nesterov's look-ahead (sgd)."),
      ConfigurationKey(
        "weight_decay", \.weightDecay, "Weight decay; norms and biases are left out.",
        must: .notNegative),
      ConfigurationKey("beta1", \.beta1, "Decay of the mean gradient (adamw).", must: .belowOne),
      ConfigurationKey("beta2", \.beta2, "Decay of the mean square (adamw).", must: .belowOne),
      ConfigurationKey("epsilon", \.epsilon, "Added to the denominator (adamw).", must: .positive),
    ]
  }
}

/// The learning-rate schedules that `schedule.name` can name.
public enum ScheduleName: String, Sendable, ConfigurationChoice {
  /// Half a cosine from the peak to the final fraction.
  case cosine
  /// The peak all along.
  case constant
}

/// `schedule`: the learning rate over time.
public struct ScheduleSection: ConfigurationSection {
  /// The shape after the warm-up.
  public var name = ScheduleName.cosine
  /// The length of the linear rise at the start.
  public var warmup = Interval.epochs(1)
  /// The last learning rate as a fraction of the peak.
  public var finalFraction = 0.0

  /// The defaults.
  public init() {}

  public static var keys: [ConfigurationKey<Self>] {
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
public struct CheckpointSection: ConfigurationSection {
  /// Updates between two checkpoints.
  public var everySteps = 500
  /// Checkpoints that are kept.
  public var keep = 3

  /// The defaults.
  public init() {}

  public static var keys: [ConfigurationKey<Self>] {
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
public struct EvaluationSection: ConfigurationSection {
  /// The stretch between two evaluations.
  public var every = Interval.epochs(1)

  /// The defaults.
  public init() {}

  public static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "every", \.every, "Time between two evaluations; there is one at the end in any case.",
        must: Requirement(words: "at least 1 epoch or step") { $0.count > 0 },
        changesResult: false)
    ]
  }
}

/// `logging`.
public struct LoggingSection: ConfigurationSection {
  /// Updates between two lines of metrics.
  public var everySteps = 10

  /// The defaults.
  public init() {}

  public static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "every_steps", \.everySteps, "Optimizer updates between two lines of metrics.",
        must: .positive, changesResult: false)
    ]
  }
}
