import Studies

/// What is searched to hold samplers against others'.
public protocol SearchSubject: Sendable {
  /// Where.
  var space: SearchSpace { get }
  /// The steps at which trials are compared; the last is the end of a training.
  var rungs: [Int] { get }

  /// What a training with some values has come to after a rung's steps; the less, the better.
  func value(of assignment: Assignment, after step: Int) -> Double
}

/// Searches where all that can be found is known.
public struct SearchBenchmark: Sendable {
  /// What is searched.
  public var subject: any SearchSubject
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
    _ subject: any SearchSubject, sampler: String, stopsEarly: Bool, trials: Int, seed: UInt64
  ) {
    (self.subject, self.sampler, self.stopsEarly) = (subject, sampler, stopsEarly)
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
    guard
      let sampler = SamplerName(rawValue: sampler)?.make(
        subject.space, direction: .minimize, seed: seed),
      let first = subject.rungs.first, let steps = subject.rungs.last
    else { return nil }
    let halving = SuccessiveHalving(
      least: stopsEarly ? first : steps, most: steps, reduction: 3)
    var standings = RungStandings(halving, direction: .minimize)
    var study: [Trial] = []
    var (spent, least) = (0, Double.infinity)
    var course: [[Double]] = []
    let budget = trials * steps
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
      let value = subject.value(of: study[number].assignment, after: target)
      study[number].intermediate[target] = value
      guard target == steps else {
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
