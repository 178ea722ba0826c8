import Nets

/// How far an element may be from the expected one:
/// |actual − expected| ≤ absolute · RMS(expected) + relative · |expected|.
///
/// The absolute part is scaled by the root mean square of the whole expected tensor, so that one
/// number serves gradients of any size.
public struct Tolerance: Sendable {
  /// Fraction of the expected tensor's root mean square.
  public var absolute: Double
  /// Fraction of the expected element.
  public var relative: Double

  /// A tolerance of these fractions.
  public init(absolute: Double, relative: Double) {
    self.absolute = absolute
    self.relative = relative
  }

  /// Equal values; zeros of either sign are equal, NaN is never.
  public static let exact = Tolerance(absolute: 0, relative: 0)
}

/// An elementwise comparison of two tensors. Use as `#expect(comparison.passes, "\(comparison)")`.
public struct Comparison: CustomStringConvertible, Sendable {
  /// The tensor's name.
  public let name: String
  /// Elements beyond the tolerance; every NaN is one.
  public let failures: Int
  /// Elements expected.
  public let count: Int
  /// The element that is furthest beyond its tolerance: index, actual and expected value.
  public let worst: (index: Int, actual: Float, expected: Float)?
  /// ‖actual − expected‖ / ‖expected‖; NaN or infinite where nothing but zeros is expected.
  public let relativeError: Double
  private let actualCount: Int

  /// Compares `actual` with `expected` element by element; unequal counts fail.
  public init(_ name: String, _ actual: [Float], _ expected: [Float], _ tolerance: Tolerance) {
    self.name = name
    count = expected.count
    actualCount = actual.count
    guard actual.count == expected.count else {
      (failures, worst, relativeError) = (max(actual.count, expected.count), nil, .nan)
      return
    }
    let absolute = tolerance.absolute * rootMeanSquare(expected)
    var failures = 0
    var worst: (index: Int, excess: Double) = (0, -.infinity)
    for index in expected.indices {
      let wanted = Double(expected[index])
      let difference = abs(Double(actual[index]) - wanted)
      let allowed = absolute + tolerance.relative * abs(wanted)
      // Written so that NaN, for which no comparison holds, fails.
      let isClose = difference <= allowed
      if !isClose { failures += 1 }
      let excess = difference.isNaN ? .infinity : difference - allowed
      if excess > worst.excess { worst = (index, excess) }
    }
    self.failures = failures
    self.worst = expected.isEmpty ? nil : (worst.index, actual[worst.index], expected[worst.index])
    relativeError = Self.relativeError(actual, expected)
  }

  /// Compares a tensor with a golden one; another shape fails as a whole.
  public init(_ actual: Tensor, _ expected: Tensor, _ tolerance: Tolerance) {
    let values = expected.floats()
    // Another shape of the same count must not pass, so it is made to have another count.
    let actualValues = actual.shape == expected.shape ? actual.floats() : values + [.nan]
    self.init(expected.name, actualValues, values, tolerance)
  }

  /// Whether every element is within its tolerance.
  public var passes: Bool { failures == 0 && actualCount == count }

  /// Name, how many elements fail, and the worst of them with both values.
  public var description: String {
    guard actualCount == count else {
      return "\(name): not the expected \(count) elements or shape"
    }
    guard let worst else { return "\(name): empty" }
    return "\(name): \(failures) of \(count) beyond the tolerance; worst at \(worst.index): "
      + "\(worst.actual), expected \(worst.expected); relative error \(relativeError)"
  }

  private static func relativeError(_ actual: [Float], _ expected: [Float]) -> Double {
    var difference = 0.0
    var norm = 0.0
    for index in expected.indices {
      let wanted = Double(expected[index])
      difference += (Double(actual[index]) - wanted) * (Double(actual[index]) - wanted)
      norm += wanted * wanted
    }
    return (difference / norm).squareRoot()
  }
}

private func rootMeanSquare(_ values: [Float]) -> Double {
  guard !values.isEmpty else { return 0 }
  let sum = values.reduce(0) { $0 + Double($1) * Double($1) }
  return (sum / Double(values.count)).squareRoot()
}
