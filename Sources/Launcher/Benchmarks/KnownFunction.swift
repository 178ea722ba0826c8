import Foundation
import Studies

/// A function whose least value is known, and what a training of it would measure on the way.
public enum KnownFunction: String, CaseIterable, SearchSubject {
  /// Two dimensions, three places with the least value, 0.397887.
  case branin
  /// Six dimensions, the least value is -3.32237.
  case hartmann6

  /// See `SearchSubject`.
  public var rungs: [Int] { [3, 9, 27, 81] }

  /// See `SearchSubject`.
  public var space: SearchSpace {
    func real(_ name: String, _ range: ClosedRange<Double>) -> Parameter {
      Parameter(name: name, domain: .numeric(.real(range)))
    }
    switch self {
    case .branin: return SearchSpace([real("x0", -5...10), real("x1", 0...15)])
    case .hartmann6: return SearchSpace((0..<6).map { real("x\($0)", 0...1) })
    }
  }

  /// The function after some steps: the less, the farther above, and the farther the worse the place is, as
  /// trainings with bad rates are slow, too.
  public func value(of assignment: Assignment, after step: Int) -> Double {
    let x = (0..<space.parameters.count).map { assignment["x\($0)"] ?? 0 }
    let rest = Double(81 - step) / 81
    switch self {
    case .branin:
      let value = Self.branin(x)
      return value + rest * rest * (20 + value / 2)
    case .hartmann6:
      let value = Self.hartmann(x)
      return value + rest * rest * (1 + (value + 3.32237) / 2)
    }
  }

  /// - Source: F. H. Branin, IBM J. Res. Dev. 16 (1972).
  private static func branin(_ x: [Double]) -> Double {
    let bow = x[1] - 5.1 / (4 * .pi * .pi) * x[0] * x[0] + 5 / .pi * x[0] - 6
    return bow * bow + 10 * (1 - 1 / (8 * .pi)) * cos(x[0]) + 10
  }

  /// - Source: L. C. W. Dixon and G. P. Szegö, "Towards global optimisation 2", 1978.
  private static func hartmann(_ x: [Double]) -> Double {
    let heights = [1.0, 1.2, 3.0, 3.2]
    let widths = [
      [10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8],
      [17, 8, 0.05, 10, 0.1, 14],
    ]
    let places = [
      [1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991],
      [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381],
    ]
    return -heights.indices.reduce(0) { sum, hill in
      let distance = x.indices.reduce(0) { total, axis in
        let offset = x[axis] - Double(places[hill][axis]) * 1e-4
        return total + widths[hill][axis] * offset * offset
      }
      return sum + heights[hill] * exp(-distance)
    }
  }
}
