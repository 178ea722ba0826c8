import CVectorKernels
import Foundation

/// Adam's two moments of each element's gradient, which AdamW and LAMB keep.
struct AdamMoments {
  let beta1: Double
  let beta2: Double
  let epsilon: Double

  /// PyTorch's names of both.
  static let names = ["exp_avg", "exp_avg_sq"]

  /// The numbers of update `step`, counted from 1.
  func numbers(
    step: Int, learningRate: Double, gradientScale: Double, weightDecay: Double
  ) -> aver_adamw_step {
    aver_adamw_step(
      learning_rate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon,
      weight_decay: weightDecay, gradient_scale: gradientScale,
      bias_correction1: 1 - pow(beta1, Double(step)),
      bias_correction2: 1 - pow(beta2, Double(step)))
  }
}
