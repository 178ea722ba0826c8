/// A search as its journal tells it.
public struct Study: Equatable, Sendable {
  /// Its name.
  public private(set) var name = ""
  /// Which objectives are better.
  public private(set) var direction = Direction.minimize
  /// All trials, by their numbers.
  public private(set) var trials: [Trial] = []
  /// What is kept beside, by name.
  public private(set) var attributes: [String: String] = [:]
  /// What is kept of each trial beside, by name.
  public private(set) var trialAttributes: [[String: String]] = []

  /// A search before the first record.
  public init() {}

  private var bestNumber: Int?
  /// The best of the trials that have ended well; of equal ones, the first.
  public var best: Trial? { bestNumber.map { trials[$0] } }

  /// The best that there is: of the trials that have ended well, else of those that came farthest before they were
  /// given up.
  public var leader: Trial? { best ?? direction.ranked(trials).first }

  /// How many trials are in some states, without those that none is in.
  public func counts(of states: [Trial.State]) -> [(state: Trial.State, count: Int)] {
    let counts = Dictionary(grouping: trials, by: \.state).mapValues(\.count)
    return states.compactMap { state in counts[state].map { (state, $0) } }
  }

  /// Takes note of what a record says. As with Optuna, nothing changes a trial that has ended, and who
  /// speaks of one that there is not is not heard.
  public mutating func apply(_ record: JournalRecord) {
    switch record {
    case .createStudy(let name, let direction): (self.name, self.direction) = (name, direction)
    case .setStudyAttribute(let name, let value): attributes[name] = value
    case .createTrial(_, let isWaiting):
      trials.append(Trial(number: trials.count, state: isWaiting ? .waiting : .running))
      trialAttributes.append([:])
    case .setParameter(let trial, let name, _, let value):
      change(trial) { $0.assignment[name] = value }
    case .setState(let trial, let state, let objective, _):
      change(trial) {
        $0.state = state
        if let objective { $0.objective = objective }
      }
      if state == .complete { compare(trial) }
    case .setIntermediate(let trial, let step, let value):
      change(trial) { $0.intermediate[step] = value }
    case .setTrialAttribute(let trial, let name, let value):
      guard trials.indices.contains(trial), !trials[trial].state.isFinished else { return }
      trialAttributes[trial][name] = value
    }
  }

  private mutating func compare(_ number: Int) {
    guard trials.indices.contains(number), let value = trials[number].objective, !value.isNaN else {
      return
    }
    guard let best, let least = best.objective,
      (direction.cost(of: least), best.number) < (direction.cost(of: value), number)
    else {
      bestNumber = number
      return
    }
  }

  private mutating func change(_ trial: Int, _ body: (inout Trial) -> Void) {
    guard trials.indices.contains(trial), !trials[trial].state.isFinished else { return }
    body(&trials[trial])
  }
}
