/// Which trials get more steps: each rung is for the best of those that came to the one below. Nobody waits for
/// others: whoever has time promotes the best that may be promoted by then, or begins a new trial.
///
/// - Source: L. Li et al., "A system for massively parallel hyperparameter tuning", MLSys 2020 (ASHA),
///   algorithm 2.
public struct SuccessiveHalving: Equatable, Sendable {
  /// The steps at which trials are compared, ascending; the last is the end of a training.
  public let rungs: [Int]
  /// Of so many trials one goes on.
  public let reduction: Int

  /// Rungs from `least` steps on, each `reduction` times as far as the one before.
  ///
  /// - Parameters:
  ///   - least: the steps of the first rung.
  ///   - most: the steps of a whole training.
  ///   - reduction: 2 or more.
  ///   - interval: rungs are multiples of this, where trainings are measured.
  public init(least: Int, most: Int, reduction: Int, interval: Int = 1) {
    precondition(least > 0 && most >= least && reduction > 1 && interval > 0, "no such rungs")
    var rungs: [Int] = []
    var steps = least
    while steps < most {
      let rung = (steps + interval - 1) / interval * interval
      if rung < most, rung != rungs.last { rungs.append(rung) }
      steps *= reduction
    }
    self.rungs = rungs + [most]
    self.reduction = reduction
  }

  /// What a trial may do next.
  public struct Promotion: Equatable, Sendable {
    /// The trial's number.
    public var trial: Int
    /// The step to which it goes on.
    public var step: Int
  }

  /// The trial that goes on first; nil where a new one is to be begun instead.
  ///
  /// - Parameters:
  ///   - trials: all of them; those that are running or waiting are where they last were measured.
  ///   - paused: the numbers of those that wait for a promotion.
  ///   - direction: which objectives are better.
  public func promotion(
    among trials: [Trial], paused: Set<Int>, direction: Direction
  ) -> Promotion? {
    for (rung, next) in zip(rungs, rungs.dropFirst()).reversed() {
      let reached = trials.compactMap { trial in
        trial.intermediate[rung].map { (trial: trial, value: $0) }
      }.sorted {
        $0.value != $1.value
          ? direction.isBetter($0.value, than: $1.value) : $0.trial.number < $1.trial.number
      }
      let best = reached.prefix(reached.count / reduction)
      // Who is further has been promoted before.
      if let chosen = best.first(where: {
        paused.contains($0.trial.number) && $0.trial.latest?.step == rung
      }) {
        return Promotion(trial: chosen.trial.number, step: next)
      }
    }
    return nil
  }
}
