/// The optimizers that `optimizer.name` can name.
enum OptimizerName: String, Sendable, ConfigurationChoice {
  /// Stochastic gradient descent with momentum.
  case sgd
  /// Adam with decoupled weight decay.
  case adamw
  /// Momentum with a rate for each tensor.
  case lars
  /// Adam's direction with a length for each tensor.
  case lamb
}

/// How `optimizer.learning_rate` follows the global batch.
enum RateScaling: String, Sendable, ConfigurationChoice {
  /// It does not.
  case none
  /// In proportion (P. Goyal et al., "Accurate, large minibatch SGD", 2017).
  case linear
  /// By the square root (Y. You et al., ICLR 2020, for LAMB).
  case sqrt
}

/// `ema`: the exponential moving average of the weights.
struct AverageSection: ConfigurationSection {
  /// 0 for none.
  var decay = 0.0
  /// Whether early averages forget faster.
  var warmsUp = false

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "decay", \.decay,
        "Decay of the moving average of the weights, which is what is evaluated and kept; 0: none.",
        must: .belowOne),
      ConfigurationKey(
        "warmup", \.warmsUp, "Limits the decay to 1 - t^(-2/3) after t updates, as timm does."),
    ]
  }
}

/// `optimizer`.
struct OptimizerSection: ConfigurationSection {
  /// Which one.
  var name = OptimizerName.sgd
  /// The peak of the schedule.
  var learningRate = 0.05
  /// How it follows the global batch.
  var scaling = RateScaling.none
  /// The global batch that it is meant for, where it follows.
  var baseBatch = 256
  /// sgd and lars.
  var momentum = 0.9
  /// sgd only.
  var nesterov = true
  /// Not applied to norms and biases.
  var weightDecay = 1e-4
  /// adamw and lamb.
  var beta1 = 0.9
  /// adamw and lamb.
  var beta2 = 0.999
  /// adamw and lamb.
  var epsilon = 1e-8
  /// lars only.
  var trustCoefficient = 0.001

  /// The longest gradient that stays as it is.
  var clipNorm: Double?
  /// The backbone's learning rate as a fraction of the heads'.
  var backboneFactor = 1.0
  /// A block's learning rate as a fraction of the next one's.
  var layerDecay = 1.0
  /// What keeps its weights and running statistics.
  var freeze: [String] = []

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey("name", \.name, "The optimizer."),
      ConfigurationKey(
        "learning_rate", \.learningRate, "Learning rate at the peak of the schedule.",
        must: .from(1e-30, to: 1e38)),
      ConfigurationKey(
        "scaling", \.scaling,
        "Multiplies the learning rate with batch.global / optimizer.base_batch or its root."),
      ConfigurationKey(
        "base_batch", \.baseBatch, "Global batch that the learning rate is meant for.",
        must: .oneTo(1 << 24)),
      ConfigurationKey("momentum", \.momentum, "Momentum (sgd, lars).", must: .belowOne),
      ConfigurationKey("nesterov", \.nesterov, "Nesterov's look-ahead (sgd)."),
      ConfigurationKey(
        "weight_decay", \.weightDecay, "Weight decay; norms and biases are left out.",
        must: .from(0, to: 1000)),
      ConfigurationKey(
        "beta1", \.beta1, "Decay of the mean gradient (adamw, lamb).", must: .belowOne),
      ConfigurationKey(
        "beta2", \.beta2, "Decay of the mean square (adamw, lamb).", must: .belowOne),
      ConfigurationKey(
        "epsilon", \.epsilon, "Added to the denominator (adamw, lamb).",
        must: .from(1e-20, to: 1)),
      ConfigurationKey(
        "trust_coefficient", \.trustCoefficient,
        "A tensor's rate for equal norms of weights and gradient (lars).",
        must: .from(1e-10, to: 1000)),
      ConfigurationKey(
        "clip_norm", \.clipNorm,
        "Longer gradients, over all parameters together, are shortened to this norm.",
        must: Requirement<Double>.from(1e-30, to: 1e30).ifPresent),
      ConfigurationKey(
        "backbone_factor", \.backboneFactor, "Learning rate of all but the heads, times this.",
        must: .from(1e-10, to: 1000)),
      ConfigurationKey(
        "layer_decay", \.layerDecay,
        "Learning rate of each block of layers, times this for every block behind it.",
        must: .from(0.01, to: 1)),
      ConfigurationKey(
        "freeze", \.freeze,
        "Parts that are not trained, nor their running statistics: [conv1, bn1, layer1]."),
    ]
  }
}
