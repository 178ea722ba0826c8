import Trainer

// What the log says.

extension RunProgress {
  /// Where the next start begins, for a sentence.
  var place: String { checkpointStep.map { "step \($0)" } ?? "the beginning" }
}

extension RestartPolicy.LeaveReason {
  /// How a sentence begins that tells of a pause that was asked for.
  static let paused = "the job pauses"
  /// What is said of a job that has made way with a checkpoint.
  static let madeWay = "the job was stopped; run it again, and it goes on where it was"

  /// Why there is no other start.
  ///
  /// - Parameter progress: what the last one has left.
  func text(status: Int32, failure: String, progress: RunProgress) -> String {
    switch self {
    case .final:
      switch ExitStatus(rawValue: status) {
      case .finished where !progress.hasFinished: "\(Self.paused) at \(progress.place)"
      case .finished: "the job has finished"
      case .preempted: Self.madeWay
      default: "the job ended with \(status), which another start would not change"
      }
    case .stopped: "\(failure); it was to end, and is not started again"
    case .noProgress(let failures):
      "\(failure); given up: no new checkpoint in \(failures) starts that failed"
    case .outOfTime: "\(failure); no time is left for another start: run it again"
    case .restartsUsedUp(let number): "\(failure); given up after \(number) restarts"
    }
  }
}
