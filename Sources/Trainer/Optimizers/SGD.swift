import CVectorKernels

/// Stochastic gradient descent with (Nesterov's) momentum, as `torch.optim.SGD` computes it.
///
/// - Source: I. Sutskever et al., "On the importance of initialization and momentum in deep
///   learning", ICML 2013.
struct SGD: UpdateRule {
  let momentum: Double
  let nesterov: Bool
  let weightDecay: Double

  static let memory = ["momentum_buffer"]
  static let needsTensors = false

  func update(
    _ stretch: UpdatedStretch, gradientScale: Double, learningRate: Double, step: Int
  ) {
    aver_sgd_f32(
      stretch.weights, stretch.memory(0), stretch.gradients, stretch.count,
      aver_sgd_step(
        learning_rate: learningRate, momentum: momentum,
        weight_decay: stretch.decays ? weightDecay : 0, gradient_scale: gradientScale,
        nesterov: nesterov))
  }
}
