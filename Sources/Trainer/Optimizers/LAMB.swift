import CVectorKernels

/// Layer-wise adaptive moments: Adam's direction for each tensor, as long as its weights.
///
///     m̂, v̂ = Adam's moments of the gradient, without their bias
///     u = m̂ / (√v̂ + ε) + β w
///     w ← w − γ ‖w‖ / ‖u‖ · u
///
/// γ is the learning rate, β the weight decay. Norms and biases have no decay and no ratio: theirs is
/// Adam's step, and so has a tensor while its ratio would be 0 or undefined. φ of the paper is the
/// identity.
///
/// - Determinism: norms are summed in one order, whatever the number of ranks or threads.
/// - Source: Y. You et al., "Large batch optimization for deep learning: training BERT in 76
///   minutes", ICLR 2020, arXiv:1904.00962, algorithm 2.
struct LAMB: UpdateRule {
  let moments: AdamMoments
  let weightDecay: Double

  static let memory = AdamMoments.names
  static let needsTensors = true

  func update(
    _ tensor: UpdatedStretch, gradientScale: Double, learningRate: Double, step: Int
  ) {
    var numbers = moments.numbers(
      step: step, learningRate: learningRate, gradientScale: gradientScale,
      weightDecay: tensor.decays ? weightDecay : 0)
    let (first, second) = (tensor.memory(0), tensor.memory(1))
    let squares = aver_lamb_moments_f32(
      tensor.weights, first, second, tensor.gradients, tensor.count, numbers)
    numbers.learning_rate *= tensor.decays ? trustRatio(squares) : 1
    aver_lamb_apply_f32(tensor.weights, first, second, tensor.count, numbers)
  }

  /// ‖w‖ / ‖u‖ of a tensor.
  private func trustRatio(_ squares: aver_lamb_squares) -> Double {
    guard squares.weight > 0, squares.direction > 0 else { return 1 }
    return squares.weight.squareRoot() / squares.direction.squareRoot()
  }
}
