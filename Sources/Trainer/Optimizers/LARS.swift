import CVectorKernels

/// Layer-wise adaptive rate scaling: momentum with a rate for each tensor, in proportion to the ratio
/// of the norms of its weights and of its gradient.
///
///     λ = η ‖w‖ / (‖g‖ + β ‖w‖)
///     v ← μ v + γ λ (g + β w)
///     w ← w − v
///
/// γ is the learning rate, η the trust coefficient, β the weight decay. Norms and biases have λ = 1
/// and β = 0, and so has a tensor while its λ would be 0 or undefined.
///
/// - Determinism: norms are summed in one order, whatever the number of ranks or threads.
/// - Source: Y. You, I. Gitman and B. Ginsburg, "Large batch training of convolutional networks",
///   arXiv:1708.03888, algorithm 1; what is left out as in MLPerf's reference.
final class LARS: Optimizer {
  private let velocity: FlatVector
  private let tensors: [UpdateRange]
  private let momentum: Double
  private let weightDecay: Double
  private let trustCoefficient: Double

  /// An optimizer of `count` elements without velocity.
  init(
    count: Int, tensors: [UpdateRange], momentum: Double, weightDecay: Double,
    trustCoefficient: Double
  ) {
    velocity = FlatVector(count: count)
    self.tensors = tensors
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.trustCoefficient = trustCoefficient
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
    for tensor in tensors {
      guard let rateFactor = tensor.rateFactor else { continue }
      let (start, count) = (tensor.elements.lowerBound, tensor.elements.count)
      let ratio =
        tensor.decays
        ? trustRatio(
          weight: aver_square_sum_f32(weights + start, count).squareRoot(),
          gradient: gradientScale * aver_square_sum_f32(gradients + start, count).squareRoot())
        : 1
      aver_lars_f32(
        weights + start, velocity + start, gradients + start, count,
        aver_lars_step(
          rate: learningRate * rateFactor * ratio, momentum: momentum,
          weight_decay: tensor.decays ? weightDecay : 0, gradient_scale: gradientScale))
    }
  }

  /// λ of a tensor, by its norms.
  private func trustRatio(weight: Double, gradient: Double) -> Double {
    let denominator = gradient + weightDecay * weight
    return weight > 0 && denominator > 0 ? trustCoefficient * weight / denominator : 1
  }
}
