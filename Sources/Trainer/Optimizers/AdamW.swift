import CVectorKernels

/// Adam with decoupled weight decay, as `torch.optim.AdamW` computes it.
///
/// - Source: I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", ICLR 2019.
struct AdamW: UpdateRule {
  let moments: AdamMoments
  let weightDecay: Double

  static let memory = AdamMoments.names
  static let needsTensors = false

  func update(
    _ stretch: UpdatedStretch, gradientScale: Double, learningRate: Double, step: Int
  ) {
    aver_adamw_f32(
      stretch.weights, stretch.memory(0), stretch.memory(1), stretch.gradients, stretch.count,
      moments.numbers(
        step: step, learningRate: learningRate, gradientScale: gradientScale,
        weightDecay: stretch.decays ? weightDecay : 0))
  }
}
