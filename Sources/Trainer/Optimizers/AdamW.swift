import CVectorKernels
import Foundation

/// Adam with decoupled weight decay, as `torch.optim.AdamW` computes it.
///
/// - Source: I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", ICLR 2019.
final class AdamW: Optimizer {
  private let firstMoment: FlatVector
  private let secondMoment: FlatVector
  private let ranges: [UpdateRange]
  private let beta1: Double
  private let beta2: Double
  private let epsilon: Double
  private let weightDecay: Double

  /// An optimizer of `count` elements with zero moments.
  init(
    count: Int, ranges: [UpdateRange], beta1: Double, beta2: Double, epsilon: Double,
    weightDecay: Double
  ) {
    firstMoment = FlatVector(count: count)
    secondMoment = FlatVector(count: count)
    self.ranges = ranges
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  var state: [(name: String, values: UnsafeMutableBufferPointer<Float>)] {
    [("exp_avg", firstMoment.values), ("exp_avg_sq", secondMoment.values)]
  }

  func update(
    _ weights: UnsafeMutableBufferPointer<Float>, gradients: UnsafeBufferPointer<Float>,
    gradientScale: Double, learningRate: Double, step: Int
  ) {
    guard let weights = weights.baseAddress, let gradients = gradients.baseAddress,
      let first = firstMoment.values.baseAddress, let second = secondMoment.values.baseAddress
    else { return }
    for range in ranges {
      guard let rateFactor = range.rateFactor else { continue }
      let start = range.elements.lowerBound
      aver_adamw_f32(
        weights + start, first + start, second + start, gradients + start, range.elements.count,
        aver_adamw_step(
          learning_rate: learningRate * rateFactor, beta1: beta1, beta2: beta2, epsilon: epsilon,
          weight_decay: range.decays ? weightDecay : 0, gradient_scale: gradientScale,
          bias_correction1: 1 - pow(beta1, Double(step)),
          bias_correction2: 1 - pow(beta2, Double(step))))
    }
  }
}
