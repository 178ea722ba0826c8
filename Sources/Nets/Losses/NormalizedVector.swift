/// x / max(‖x‖, 10⁻¹²) in double precision, one element at a time: nothing is stored.
///
/// - Source: `torch.nn.functional.normalize`, whose gradient takes the denominator for a constant
///   where it is the lower bound.
struct NormalizedVector {
  /// PyTorch's lower bound of the norm.
  static let smallestNorm = 1e-12

  private let elements: UnsafePointer<Float>
  /// What elements are divided by.
  private let divisor: Double
  private let isBounded: Bool

  init(_ elements: UnsafePointer<Float>, count: Int) {
    self.elements = elements
    var sum = 0.0
    for index in 0..<count { sum += Double(elements[index]) * Double(elements[index]) }
    let norm = sum.squareRoot()
    // Written so that NaN stays NaN.
    isBounded = norm < Self.smallestNorm
    divisor = isBounded ? Self.smallestNorm : norm
  }

  subscript(index: Int) -> Double { Double(elements[index]) / divisor }

  /// An element of the gradient with respect to x.
  ///
  /// - Parameters:
  ///   - gradient: the same element of the gradient g with respect to the normalised vector x̂.
  ///   - projection: x̂ · g.
  func gradient(_ gradient: Double, at index: Int, projection: Double) -> Double {
    (gradient - (isBounded ? 0 : self[index] * projection)) / divisor
  }
}
