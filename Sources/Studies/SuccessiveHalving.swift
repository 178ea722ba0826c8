/// Which trials get more steps: each rung is for the best of those that came to the one below. Nobody waits for
/// others: whoever has time promotes the best that may be promoted by then, or begins a new trial
/// (`RungStandings`).
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
}
