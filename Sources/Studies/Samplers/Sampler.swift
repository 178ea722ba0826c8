import CounterRandom

/// Chooses what trials try.
///
/// A choice is a function of the seed, the trial's number and the trials that are given: a search that was
/// killed makes the same ones when it goes on.
public protocol Sampler: Sendable {
  /// The values of a trial.
  ///
  /// - Parameters:
  ///   - number: the trial's.
  ///   - history: all trials with lower numbers.
  /// - Returns: nil where there is nothing left to try.
  func assignment(forTrial number: Int, after history: [Trial]) -> Assignment?
}

/// Every value alike, each trial for itself.
public struct RandomSampler: Sampler {
  private let space: SearchSpace
  private let seed: UInt64

  /// A sampler of a space.
  public init(_ space: SearchSpace, seed: UInt64) { (self.space, self.seed) = (space, seed) }

  /// The values of a trial, see `Sampler`.
  public func assignment(forTrial number: Int, after history: [Trial]) -> Assignment? {
    space.assign { index, parameter in
      var random = CounterRandom(
        seed: seed, epoch: number, index: index, purpose: .searchValue)
      return parameter.domain.value(atFraction: random.fraction())
    }
  }
}

/// Every combination of all values once, in the order of the space, the last parameter's values first.
public struct GridSampler: Sampler {
  /// The most combinations: they are kept in memory.
  public static let mostAssignments = 1_000_000.0

  private let assignments: [Assignment]

  /// A sampler of a space.
  ///
  /// - Returns: nil where a parameter does not say which of its values to take.
  public init?(_ space: SearchSpace) {
    var assignments: [Assignment] = [[:]]
    for parameter in space.parameters {
      guard let values = parameter.gridValues else { return nil }
      assignments = assignments.flatMap { chosen in
        parameter.isActive(with: chosen)
          ? values.map { chosen.merging([parameter.name: $0]) { $1 } } : [chosen]
      }
    }
    self.assignments = assignments
  }

  /// How many combinations there are.
  public var count: Int { assignments.count }

  /// The values of a trial, see `Sampler`.
  public func assignment(forTrial number: Int, after history: [Trial]) -> Assignment? {
    number < assignments.count ? assignments[number] : nil
  }
}

extension ParameterDomain {
  /// The value at a part of the domain, from 0 up to 1, all parts alike.
  func value(atFraction fraction: Double) -> Double {
    switch self {
    case .numeric(let numbers): numbers.value(atFraction: fraction)
    case .choice(let choices):
      min(Double(choices.count - 1), (fraction * Double(choices.count)).rounded(.down))
    }
  }
}

extension CounterRandom {
  /// A number in [0, 1), of 53 random bits.
  mutating func fraction() -> Double { Double(next() >> 11) * 0x1p-53 }
}
