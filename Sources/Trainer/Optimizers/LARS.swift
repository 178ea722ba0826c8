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
struct LARS: UpdateRule {
  let momentum: Double
  let weightDecay: Double
  let trustCoefficient: Double

  static let memory = ["momentum_buffer"]
  static let needsTensors = true

  func update(
    _ tensor: UpdatedStretch, gradientScale: Double, learningRate: Double, step: Int
  ) {
    let ratio =
      tensor.decays
      ? trustRatio(
        weight: aver_square_sum_f32(tensor.weights, tensor.count).squareRoot(),
        gradient: gradientScale * aver_square_sum_f32(tensor.gradients, tensor.count).squareRoot())
      : 1
    aver_lars_f32(
      tensor.weights, tensor.memory(0), tensor.gradients, tensor.count,
      aver_lars_step(
        rate: learningRate * ratio, momentum: momentum,
        weight_decay: tensor.decays ? weightDecay : 0, gradient_scale: gradientScale))
  }

  /// λ of a tensor, by its norms.
  private func trustRatio(weight: Double, gradient: Double) -> Double {
    let denominator = gradient + weightDecay * weight
    return weight > 0 && denominator > 0 ? trustCoefficient * weight / denominator : 1
  }
}
