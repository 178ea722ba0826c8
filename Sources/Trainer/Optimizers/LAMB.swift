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
final class LAMB: Optimizer {
  private let moments: AdamMoments
  private let tensors: [UpdateRange]
  private let weightDecay: Double

  /// An optimizer of `count` elements with zero moments.
  init(
    count: Int, tensors: [UpdateRange], beta1: Double, beta2: Double, epsilon: Double,
    weightDecay: Double
  ) {
    moments = AdamMoments(count: count, beta1: beta1, beta2: beta2, epsilon: epsilon)
    self.tensors = tensors
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
    for tensor in tensors {
      guard let rateFactor = tensor.rateFactor else { continue }
      let (start, count) = (tensor.elements.lowerBound, tensor.elements.count)
      numbers.weight_decay = tensor.decays ? weightDecay : 0
      let squares = aver_lamb_moments_f32(
        weights + start, first + start, second + start, gradients + start, count, numbers)
      numbers.learning_rate =
        learningRate * rateFactor * (tensor.decays ? trustRatio(squares) : 1)
      aver_lamb_apply_f32(weights + start, first + start, second + start, count, numbers)
    }
  }

  /// ‖w‖ / ‖u‖ of a tensor.
  private func trustRatio(_ squares: aver_lamb_squares) -> Double {
    guard squares.weight > 0, squares.direction > 0 else { return 1 }
    return squares.weight.squareRoot() / squares.direction.squareRoot()
  }
}
