import Trainer

/// How a run or a sweep stands.
struct WorkStatus: Codable, Equatable, Sendable {
  /// What there is to do about it.
  enum State: String, Codable, Sendable {
    case waiting, running, stopped, failed, finished
  }

  /// Its folder.
  var path: String
  /// The stage of a run, or `sweep`.
  var kind: String
  /// How it stands.
  var state: State
  /// Why it waits or what it failed of, or how the trials of a sweep stand.
  var detail: String?
  /// Updates of a run, or trials of a sweep, that are done.
  var done: Int?
  /// Until the end.
  var total: Int?
  /// The last loss of a run, or the best objective of a sweep.
  var value: Double?
  /// Samples a second.
  var rate: Double?
  /// Until the end.
  var secondsLeft: Double?
  /// How often the launcher has started a run once more.
  var restarts: Int?
  /// The scheduler's name for the job.
  var job: String?
  /// Where it runs.
  var host: String?
}

/// What schedulers say of jobs: asked once for all of them, and once more for each that has ended.
struct JobBoard {
  private let states: [String: JobState]
  private let schedulers: [String: any Scheduler]

  /// What schedulers say of the jobs of some runs; nothing where they do not answer.
  init(of records: [SubmissionRecord], scheduler: (SchedulerName) -> any Scheduler) {
    var states: [String: JobState] = [:]
    var schedulers: [String: any Scheduler] = [:]
    for (name, records) in Dictionary(grouping: records, by: \.scheduler) {
      let (scheduler, jobs) = (scheduler(name), records.compactMap(\.job))
      guard let known = try? scheduler.states(of: jobs) else { continue }
      states.merge(known) { $1 }
      for job in jobs { schedulers[job] = scheduler }
    }
    (self.states, self.schedulers) = (states, schedulers)
  }

  /// What is said of a job, and of one that has ended, how; nil where nothing is.
  func state(of job: String?) -> JobState? {
    guard let job else { return nil }
    if let state = states[job], state.phase != .ended { return state }
    return (try? schedulers[job]?.state(of: job)) ?? states[job]
  }
}
