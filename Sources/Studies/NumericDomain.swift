import Foundation

/// The numbers that a parameter may have.
public struct NumericDomain: Equatable, Sendable {
  /// The least.
  public let low: Double
  /// The largest; a whole number of steps above the least, where there are steps.
  public let high: Double
  /// The distance of neighbours; nil where every number between them will do.
  public let step: Double?
  /// Whether factors count, and not differences.
  public let isLogarithmic: Bool
  /// Whether they are whole numbers.
  public let isWhole: Bool

  private init(low: Double, high: Double, step: Double?, isLogarithmic: Bool, isWhole: Bool) {
    self.low = low
    self.high = step.map { low + ((high - low) / $0 + 1e-9).rounded(.down) * $0 } ?? high
    (self.step, self.isLogarithmic, self.isWhole) = (step, isLogarithmic, isWhole)
  }

  /// Real numbers.
  ///
  /// - Parameters:
  ///   - range: from the least to the largest; above 0 where logarithmic.
  ///   - step: above 0; nil where logarithmic.
  public static func real(
    _ range: ClosedRange<Double>, isLogarithmic: Bool = false, step: Double? = nil
  ) -> NumericDomain {
    precondition(!isLogarithmic || range.lowerBound > 0 && step == nil, "no such domain")
    return NumericDomain(
      low: range.lowerBound, high: range.upperBound, step: step, isLogarithmic: isLogarithmic,
      isWhole: false)
  }

  /// Whole numbers.
  ///
  /// - Parameters:
  ///   - range: from the least to the largest; above 0 where logarithmic.
  ///   - step: above 0; 1 where logarithmic.
  public static func whole(
    _ range: ClosedRange<Int>, isLogarithmic: Bool = false, step: Int = 1
  ) -> NumericDomain {
    precondition(!isLogarithmic || range.lowerBound > 0 && step == 1, "no such domain")
    return NumericDomain(
      low: Double(range.lowerBound), high: Double(range.upperBound), step: Double(step),
      isLogarithmic: isLogarithmic, isWhole: true)
  }

  // MARK: - Positions

  /// The stretch on which all parts of the domain count alike: numbers or their logarithms, half a step
  /// longer at both ends, so that the outermost values get their share.
  var stretch: ClosedRange<Double> {
    let half = (step ?? 0) / 2
    let ends = (low - half, high + half)
    return isLogarithmic ? log(ends.0)...log(ends.1) : ends.0...ends.1
  }

  /// Where a value lies on the stretch.
  func position(of value: Double) -> Double { isLogarithmic ? log(value) : value }

  /// The value at a position on the stretch.
  func value(at position: Double) -> Double {
    let exact = isLogarithmic ? exp(position) : position
    guard let step else { return min(high, max(low, exact)) }
    return min(high, max(low, low + ((exact - low) / step).rounded() * step))
  }

  /// Where a value lies between the least and the largest, from 0 to 1; by logarithms where these count.
  public func fraction(of value: Double) -> Double {
    let (first, last) = (position(of: low), position(of: high))
    return last > first ? (position(of: value) - first) / (last - first) : 0.5
  }

  /// The value at a part of the stretch, from 0 to 1.
  func value(atFraction fraction: Double) -> Double {
    value(at: stretch.lowerBound + fraction * (stretch.upperBound - stretch.lowerBound))
  }

  /// The positions that have the same value as one does; nil where each has its own.
  func cell(around value: Double) -> ClosedRange<Double>? {
    guard let step else { return nil }
    return position(of: value - step / 2)...position(of: value + step / 2)
  }

  /// So many values from the least to the largest, at equal distances on the stretch; all of them where
  /// there are no more.
  func grid(_ count: Int) -> [Double] {
    if let step, (high - low) / step < Double(count) {
      return Array(stride(from: low, through: high + step / 2, by: step))
    }
    guard count > 1 else { return [value(atFraction: 0.5)] }
    let (first, last) = (position(of: low), position(of: high))
    let values = (0..<count).map {
      value(at: first + (last - first) * Double($0) / Double(count - 1))
    }
    return values.reduce(into: []) { if $0.last != $1 { $0.append($1) } }
  }
}
