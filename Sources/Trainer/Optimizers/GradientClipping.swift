import CVectorKernels

/// Shortens gradients that are longer than a limit, over all parameters together, as
/// `torch.nn.utils.clip_grad_norm_` does.
///
/// - Determinism: the norm is summed tensor by tensor in the order of the flat vector, from the
///   gradient that all ranks hold; the same bits for any number of ranks and threads.
/// - Source: R. Pascanu, T. Mikolov and Y. Bengio, "On the difficulty of training recurrent neural
///   networks", ICML 2013.
final class GradientClipping {
  /// What PyTorch adds to the norm before it divides by it.
  private static let epsilon = 1e-6

  /// The norm of the last gradient as it was, before it was shortened.
  private(set) var norm = 0.0
  private let limit: Double
  private let tensors: [UpdateRange]

  /// - Parameters:
  ///   - limit: the longest gradient that stays as it is.
  ///   - tensors: the parameters; those that are not updated do not count.
  init(limit: Double, tensors: [UpdateRange]) {
    self.limit = limit
    self.tensors = tensors.filter { $0.rateFactor != nil }
  }

  /// What to multiply a gradient with, where it were `scale` without clipping.
  ///
  /// - Shapes: `gradients` is the flat vector [P].
  func clipped(scale: Double, of gradients: UnsafeBufferPointer<Float>) -> Double {
    guard let values = gradients.baseAddress else { return scale }
    let squares = tensors.reduce(0.0) { sum, tensor in
      sum + aver_square_sum_f32(values + tensor.elements.lowerBound, tensor.elements.count)
    }
    norm = scale * squares.squareRoot()
    return scale * min(1, limit / (norm + Self.epsilon))
  }
}
