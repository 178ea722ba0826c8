import Trainer

/// Decides what follows when a job has ended; it knows nothing of processes and clocks.
public struct RestartPolicy: Sendable {
  /// What a start of the job came to.
  public struct Attempt: Sendable {
    /// How it ended.
    public var end: JobEnd
    /// Whether it wrote a checkpoint.
    public var madeProgress: Bool
    /// The host that its failure is blamed on, where one is known.
    public var host: String?
    /// What was asked of the launcher until then.
    public var stop: StopRequest
    /// How much time is left for other starts, nil where there is no limit.
    public var secondsLeft: Double?

    /// An attempt with every field given.
    public init(
      end: JobEnd, madeProgress: Bool, host: String?, stop: StopRequest, secondsLeft: Double?
    ) {
      (self.end, self.madeProgress, self.host) = (end, madeProgress, host)
      (self.stop, self.secondsLeft) = (stop, secondsLeft)
    }
  }

  /// What follows.
  public enum Verdict: Equatable, Sendable {
    /// The end, with this status.
    case leave(Int32, LeaveReason)
    /// Another start after a while. A suspect is a host that failed twice in a row.
    case restart(number: Int, delaySeconds: Int, suspect: String?)
  }

  /// Why there is no other start.
  public enum LeaveReason: Equatable, Sendable {
    /// The job ended in a way that another start would not change.
    case final
    /// Somebody asked for the end, and the job failed meanwhile.
    case stopped
    /// This many failures in a row left no checkpoint.
    case noProgress(failures: Int)
    /// The next start would begin after the time limit.
    case outOfTime
    /// This many restarts were allowed.
    case restartsUsedUp(Int)
  }

  /// Statuses that another start would not change, or that are for the scheduler to answer.
  private static let finalStatuses = Set(
    [ExitStatus.finished, .usage, .badData, .preempted, .interruptedTwice].map(\.rawValue))

  private let maximalRestarts: Int
  private let patience: Int
  private var restarts = 0
  private var fruitlessFailures = 0
  private var lastHost: String?
  private var backoff = Backoff(longestSeconds: 60)

  /// - Parameters:
  ///   - maximalRestarts: how often a job is started again at most.
  ///   - patience: failures in a row without a new checkpoint after which it is given up.
  public init(maximalRestarts: Int, patience: Int) {
    (self.maximalRestarts, self.patience) = (maximalRestarts, patience)
  }

  /// What follows an attempt, of which it is told once, in their order.
  public mutating func verdict(after attempt: Attempt) -> Verdict {
    let status = attempt.end.status
    if attempt.stop == .immediate {
      return .leave(ExitStatus.interruptedTwice.rawValue, .stopped)
    }
    if case .exited = attempt.end, Self.finalStatuses.contains(status) {
      return .leave(status, .final)
    }
    if attempt.stop == .gentle {
      // The last checkpoint was not written: that is for a person to know, before anything runs again.
      if attempt.end == .exited(ExitStatus.internalError.rawValue) {
        return .leave(status, .stopped)
      }
      // A failure that a restart would have answered: the scheduler's restart does.
      return .leave(ExitStatus.preempted.rawValue, .stopped)
    }
    count(attempt)
    if fruitlessFailures >= patience {
      return .leave(status, .noProgress(failures: fruitlessFailures))
    }
    guard restarts < maximalRestarts else {
      return .leave(status, .restartsUsedUp(maximalRestarts))
    }
    let delay = backoff.next()
    if let left = attempt.secondsLeft, left <= Double(delay) {
      return .leave(ExitStatus.preempted.rawValue, .outOfTime)
    }
    restarts += 1
    return .restart(number: restarts, delaySeconds: delay, suspect: suspect(after: attempt.host))
  }

  private mutating func count(_ attempt: Attempt) {
    fruitlessFailures = attempt.madeProgress ? 0 : fruitlessFailures + 1
    if attempt.madeProgress { backoff.reset() }
  }

  /// The host to avoid, where it is the one of the failure before as well.
  private mutating func suspect(after host: String?) -> String? {
    guard let host, host == lastHost else {
      lastHost = host
      return nil
    }
    // Whatever is done about it now, it takes two more failures to do more.
    lastHost = nil
    return host
  }
}
