import Foundation
import Studies

/// Searches on functions whose least value is known, to hold samplers against others'.
public struct SearchBenchmark: Sendable {
  /// A function of a search space, and what a training of it would measure on the way.
  public enum Function: String, CaseIterable, Sendable {
    /// Two dimensions, three places with the least value, 0.397887.
    case branin
    /// Six dimensions, the least value is -3.32237.
    case hartmann6
  }

  /// The steps of a whole training; after s of them, a trial is measured this share of its range too high.
  static let steps = 81
  private static let firstStep = 3

  /// What is searched.
  public var function: Function
  /// `random`, `sobol` or `tpe`.
  public var sampler: String
  /// Whether trials are stopped early.
  public var stopsEarly: Bool
  /// Trials that a search without early stopping would make; one with it has as many steps.
  public var trials: Int
  /// The seed.
  public var seed: UInt64

  /// A benchmark with every field given.
  public init(
    function: Function, sampler: String, stopsEarly: Bool, trials: Int, seed: UInt64
  ) {
    (self.function, self.sampler, self.stopsEarly) = (function, sampler, stopsEarly)
    (self.trials, self.seed) = (trials, seed)
  }

  /// What a search found.
  public struct Result: Encodable, Sendable {
    /// The steps that were spent, and the least value of a whole training until then, wherever it became less.
    public var course: [[Double]]
  }

  /// Searches.
  ///
  /// - Returns: nil for a sampler that there is not.
  public func run() -> Result? {
    let space = function.space
    guard
      let sampler = SamplerName(rawValue: sampler)?.make(
        space, direction: .minimize, seed: seed)
    else { return nil }
    let halving = SuccessiveHalving(
      least: stopsEarly ? Self.firstStep : Self.steps, most: Self.steps, reduction: 3)
    var standings = RungStandings(halving, direction: .minimize)
    var study: [Trial] = []
    var (spent, least) = (0, Double.infinity)
    var course: [[Double]] = []
    let budget = trials * Self.steps
    while spent < budget {
      let (number, target): (Int, Int)
      if let next = standings.promotion {
        (number, target) = (next.trial, next.step)
        standings.leave(number)
      } else {
        let assignment = sampler.assignment(
          forTrial: study.count, after: study.givingUp(standings.waiting))
        guard let assignment else { break }
        study.append(Trial(number: study.count, assignment: assignment))
        (number, target) = (study.count - 1, halving.rungs[0])
      }
      spent += target - (study[number].latest?.step ?? 0)
      let value = function.value(of: study[number].assignment, after: target)
      study[number].intermediate[target] = value
      guard target == Self.steps else {
        standings.arrive(number, at: target, with: value)
        continue
      }
      (study[number].state, study[number].objective) = (.complete, value)
      if value < least {
        least = value
        course.append([Double(spent), least])
      }
    }
    return Result(course: course)
  }
}

extension SearchBenchmark.Function {
  var space: SearchSpace {
    func real(_ name: String, _ range: ClosedRange<Double>) -> Parameter {
      Parameter(name: name, domain: .numeric(.real(range)))
    }
    switch self {
    case .branin: return SearchSpace([real("x0", -5...10), real("x1", 0...15)])
    case .hartmann6: return SearchSpace((0..<6).map { real("x\($0)", 0...1) })
    }
  }

  /// The function after some steps of a training of `SearchBenchmark.steps`: the less, the farther above, and the
  /// farther the worse the place is, as trainings with bad rates are slow, too.
  func value(of assignment: Assignment, after step: Int) -> Double {
    let x = (0..<space.parameters.count).map { assignment["x\($0)"] ?? 0 }
    let rest = Double(SearchBenchmark.steps - step) / Double(SearchBenchmark.steps)
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
