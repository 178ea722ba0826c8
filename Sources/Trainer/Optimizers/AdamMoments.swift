import CVectorKernels
import Foundation

/// Adam's two moments of each element's gradient, which AdamW and LAMB keep.
struct AdamMoments {
  private let first: FlatVector
  private let second: FlatVector
  private let beta1: Double
  private let beta2: Double
  private let epsilon: Double

  /// Zero moments of `count` elements.
  init(count: Int, beta1: Double, beta2: Double, epsilon: Double) {
    first = FlatVector(count: count)
    second = FlatVector(count: count)
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
  }

  /// PyTorch's names of both.
  var state: [(name: String, values: UnsafeMutableBufferPointer<Float>)] {
    [("exp_avg", first.values), ("exp_avg_sq", second.values)]
  }

  /// Where both begin; nil without elements.
  var addresses: (first: UnsafeMutablePointer<Float>, second: UnsafeMutablePointer<Float>)? {
    guard let first = first.values.baseAddress, let second = second.values.baseAddress else {
      return nil
    }
    return (first, second)
  }

  /// The numbers of update `step`, counted from 1, without decay.
  func numbers(step: Int, learningRate: Double, gradientScale: Double) -> aver_adamw_step {
    aver_adamw_step(
      learning_rate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon, weight_decay: 0,
      gradient_scale: gradientScale, bias_correction1: 1 - pow(beta1, Double(step)),
      bias_correction2: 1 - pow(beta2, Double(step)))
  }
}
