import Trainer

/// How a run or a sweep stands.
struct WorkStatus: Codable, Equatable, Sendable {
  /// What there is to do about it.
  enum State: String, Codable, Sendable {
    case waiting, running, stopped, failed, finished
    /// It was handed in, and the scheduler does not answer.
    case unknown
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

/// What schedulers say of the jobs of runs: asked for all of them together, and once more for how they have ended.
struct JobBoard {
  private var records: [String: SubmissionRecord] = [:]
  private var states: [String: JobState] = [:]
  /// Why a scheduler has not answered.
  private var problems: [SchedulerName: String] = [:]

  /// What schedulers say of some runs; nothing of those that have not been handed in.
  init(ofRuns runs: [String], scheduler: (SchedulerName) -> any Scheduler) {
    let submitted = runs.filter(SubmissionRecord.exists)
    let found = submitted.map { ($0, (try? SubmissionRecord.read(run: $0)) ?? nil) }
    for (name, group) in Dictionary(grouping: found, by: { $0.1?.scheduler }) {
      guard let name else { continue }
      for (run, record) in group { records[run] = record }
      do {
        try ask(scheduler(name), of: group.map(\.0))
      } catch SchedulerFailure.away(let words), SchedulerFailure.refused(let words) {
        problems[name] = "the scheduler does not answer: \(words)"
      } catch {
        problems[name] = "\(error)"
      }
    }
  }

  private mutating func ask(_ scheduler: any Scheduler, of runs: [String]) throws {
    let known = try SubmissionRecord.known(ofRuns: runs) { _ in scheduler }
    for (run, record) in zip(runs, known) { records[run] = record }
    let jobs = known.compactMap { $0?.job }
    let current = try scheduler.states(of: jobs)
    states.merge(current) { $1 }
    let ended = jobs.filter { current[$0].map { $0.phase == .ended } ?? true }
    states.merge(try scheduler.ends(of: ended)) { $1 }
  }

  /// A run's job, what is said of it, and why that is nothing.
  func job(ofRun run: String) -> (name: String?, state: JobState?, problem: String?) {
    guard let record = records[run] else { return (nil, nil, nil) }
    return (record.job, record.job.flatMap { states[$0] }, problems[record.scheduler])
  }
}
