import Foundation

/// One attempt at finding better values.
public struct Trial: Equatable, Sendable {
  /// How it stands; the numbers are those of Optuna's journal.
  public enum State: Int, Sendable {
    case running = 0
    case complete = 1
    /// Given up because others did better.
    case pruned = 2
    case failed = 3
    /// Chosen, and not begun.
    case waiting = 4

    /// Whether nothing more comes of it.
    public var isFinished: Bool { self != .running && self != .waiting }
  }

  /// Counted from 0.
  public var number: Int
  /// How it stands.
  public var state: State
  /// The values of its parameters.
  public var assignment: Assignment
  /// What came of it; nil before, and where it failed.
  public var objective: Double?
  /// What it had come to, by the step at which that was measured.
  public var intermediate: [Int: Double]

  /// A trial with every field given.
  public init(
    number: Int, state: State = .running, assignment: Assignment = [:], objective: Double? = nil,
    intermediate: [Int: Double] = [:]
  ) {
    (self.number, self.state, self.assignment) = (number, state, assignment)
    (self.objective, self.intermediate) = (objective, intermediate)
  }

  /// What it came to, or had come to when it was measured last.
  public var value: Double? { objective ?? latest?.value }

  /// The last measurement.
  public var latest: (step: Int, value: Double)? {
    intermediate.max { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}

/// Which objectives are better; the numbers are those of Optuna's journal.
public enum Direction: Int, Sendable {
  case minimize = 1
  case maximize = 2

  /// Whether one is better than another.
  public func isBetter(_ first: Double, than second: Double) -> Bool {
    self == .minimize ? first < second : first > second
  }

  /// A value as a number that is the less, the better it is; what is no number is the worst.
  func cost(of value: Double) -> Double {
    if value.isNaN { return .infinity }
    return self == .minimize ? value : -value
  }

  /// Trials that came to something, the best first: those that ended by what they came to, behind them those
  /// that were given up, the later the better.
  public func ranked(_ trials: [Trial]) -> [Trial] {
    // Numbers are sorted, not trials, which are large.
    let keys = trials.indices.compactMap { index -> (index: Int, step: Int, cost: Double)? in
      switch trials[index].state {
      case .complete: trials[index].objective.map { (index, .max, cost(of: $0)) }
      case .pruned: trials[index].latest.map { (index, $0.step, cost(of: $0.value)) }
      case .running, .failed, .waiting: nil
      }
    }.sorted { first, second in
      if first.step != second.step { return first.step > second.step }
      return first.cost != second.cost
        ? first.cost < second.cost : trials[first.index].number < trials[second.index].number
    }
    return keys.map { trials[$0.index] }
  }
}

extension [Trial] {
  /// The trials as a sampler sees them: those that wait to be compared with others have lost so far.
  public func givingUp(_ paused: Set<Int>) -> [Trial] {
    map { trial in
      var trial = trial
      if paused.contains(trial.number) { trial.state = .pruned }
      return trial
    }
  }
}
