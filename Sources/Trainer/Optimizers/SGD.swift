import CVectorKernels

/// Stochastic gradient descent with (Nesterov's) momentum, as `torch.optim.SGD` computes it.
///
/// - Source: I. Sutskever et al., "On the importance of initialization and momentum in deep
///   learning", ICML 2013.
final class SGD: Optimizer {
  private let velocity: FlatVector
  private let ranges: [UpdateRange]
  private let momentum: Double
  private let nesterov: Bool
  private let weightDecay: Double

  /// An optimizer of `count` elements without velocity.
  init(
    count: Int, ranges: [UpdateRange], momentum: Double, nesterov: Bool, weightDecay: Double
  ) {
    velocity = FlatVector(count: count)
    self.ranges = ranges
    self.momentum = momentum
    self.nesterov = nesterov
    self.weightDecay = weightDecay
  }

  var state: [(name: String, values: UnsafeMutableBufferPointer<Float>)] {
    [("momentum_buffer", velocity.values)]
  }

  func update(
    _ weights: UnsafeMutableBufferPointer<Float>, gradients: UnsafeBufferPointer<Float>,
    gradientScale: Double, learningRate: Double, step: Int
  ) {
    guard let weights = weights.baseAddress, let gradients = gradients.baseAddress,
      let velocity = velocity.values.baseAddress
    else { return }
    for range in ranges {
      guard let rateFactor = range.rateFactor else { continue }
      let start = range.elements.lowerBound
      aver_sgd_f32(
        weights + start, velocity + start, gradients + start, range.elements.count,
        aver_sgd_step(
          learning_rate: learningRate * rateFactor, momentum: momentum,
          weight_decay: range.decays ? weightDecay : 0, gradient_scale: gradientScale,
          nesterov: nesterov))
    }
  }
}
