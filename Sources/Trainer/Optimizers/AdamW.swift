import CVectorKernels

/// Adam with decoupled weight decay, as `torch.optim.AdamW` computes it.
///
/// - Source: I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", ICLR 2019.
final class AdamW: Optimizer {
  private let moments: AdamMoments
  private let ranges: [UpdateRange]
  private let weightDecay: Double

  /// An optimizer of `count` elements with zero moments.
  init(
    count: Int, ranges: [UpdateRange], beta1: Double, beta2: Double, epsilon: Double,
    weightDecay: Double
  ) {
    moments = AdamMoments(count: count, beta1: beta1, beta2: beta2, epsilon: epsilon)
    self.ranges = ranges
    self.weightDecay = weightDecay
  }

  var state: [(name: String, values: UnsafeMutableBufferPointer<Float>)] { moments.state }

  func update(
    _ weights: UnsafeMutableBufferPointer<Float>, gradients: UnsafeBufferPointer<Float>,
    gradientScale: Double, learningRate: Double, step: Int
  ) {
    guard let weights = weights.baseAddress, let gradients = gradients.baseAddress,
      let (first, second) = moments.addresses
    else { return }
    var numbers = moments.numbers(
      step: step, learningRate: learningRate, gradientScale: gradientScale)
    for range in ranges {
      guard let rateFactor = range.rateFactor else { continue }
      let start = range.elements.lowerBound
      numbers.learning_rate = learningRate * rateFactor
      numbers.weight_decay = range.decays ? weightDecay : 0
      aver_adamw_f32(
        weights + start, first + start, second + start, gradients + start, range.elements.count,
        numbers)
    }
  }
}
