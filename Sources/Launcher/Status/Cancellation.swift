import Foundation
import Trainer

/// Ends runs and sweeps from outside.
public struct Cancellation {
  private let scheduler: (SchedulerName) -> any Scheduler
  private let say: (String) -> Void

  /// - Parameter say: hears what was done, in sentences.
  public init(say: @escaping (String) -> Void) { self.init(say: say) { $0.make() } }

  init(say: @escaping (String) -> Void, scheduler: @escaping (SchedulerName) -> any Scheduler) {
    (self.say, self.scheduler) = (say, scheduler)
  }

  /// Ends all that is in some folders: batch jobs by the scheduler, what runs on this machine by a signal that
  /// leaves it time for a checkpoint.
  ///
  /// - Throws: `LaunchError`, `TrainerError`.
  public func cancel(_ paths: [String]) throws {
    for path in paths {
      let works = try Work.find(in: path)
      guard !works.isEmpty else { throw LaunchError.noWork(path) }
      var runs: [String] = []
      var isAnyEnded = false
      for work in works {
        switch work {
        case .run(let run): runs.append(run)
        case .sweep(let sweep):
          // First the sweep: it would begin what was ended again.
          isAnyEnded = try end(sweep) || isAnyEnded
          let trials = "\(sweep)/trials"
          runs += try DurableFiles.names(in: trials).sorted().flatMap { name in
            try Work.find(in: "\(trials)/\(name)").map(\.path)
          }
        }
      }
      isAnyEnded = try cancelRuns(runs) || isAnyEnded
      if !isAnyEnded { say("\(path): nothing runs there, and nothing waits") }
    }
  }

  /// - Returns: whether there was anything to end.
  private func cancelRuns(_ runs: [String]) throws -> Bool {
    let records: [SubmissionRecord?]
    var ended: Set<String> = []
    do {
      records = try SubmissionRecord.known(ofRuns: runs, scheduler)
      let submitted = zip(runs, records).compactMap { run, record in record.map { (run, $0) } }
      for (name, group) in Dictionary(grouping: submitted, by: \.1.scheduler) {
        let states = try scheduler(name).states(of: group.compactMap(\.1.job))
        let active = group.filter {
          $0.1.job.flatMap { states[$0] }.map { $0.phase != .ended } ?? false
        }
        guard !active.isEmpty else { continue }
        let jobs = active.compactMap(\.1.job).sorted()
        try scheduler(name).cancel(jobs)
        say("cancelled: job \(jobs.joined(separator: ", "))")
        ended.formUnion(active.map(\.0))
      }
    } catch SchedulerFailure.away(let words) {
      throw LaunchError.schedulerAway(words)
    } catch SchedulerFailure.refused(let words) {
      throw LaunchError.refused(words)
    }
    for (run, record) in zip(runs, records) where !ended.contains(run) {
      // What a job of its own has left elsewhere ends nobody's.
      if record != nil, try LeaseSign(ofFolder: run)?.process == nil { continue }
      if try signal(run) { ended.insert(run) }
    }
    return !ended.isEmpty
  }

  /// Ends a sweep, wherever it runs, and waits until nobody holds it any more: trainings beside it end with
  /// checkpoints.
  ///
  /// - Returns: whether it ran.
  private func end(_ sweep: String) throws -> Bool {
    guard let sign = try LeaseSign(ofFolder: sweep) else { return false }
    if sign.process == nil {
      try SweepFolder(path: sweep).requestEnd()
      say("\(sweep): \(sign.holder) was asked to end")
    } else {
      try signal(sweep)
    }
    // One that has been silent for long is not waited for; should it come back, it ends.
    guard !sign.isSilent else { return false }
    let end = ContinuousClock.now + .seconds(120)
    while let sign = try LeaseSign(ofFolder: sweep) {
      guard ContinuousClock.now < end else {
        throw LaunchError.heldElsewhere(sweep, holder: sign.holder)
      }
      usleep(100_000)
    }
    return true
  }

  /// Asks who holds a folder's lease to end.
  ///
  /// - Returns: whether somebody does.
  /// - Throws: `LaunchError.heldElsewhere`.
  @discardableResult
  private func signal(_ folder: String) throws -> Bool {
    guard let sign = try LeaseSign(ofFolder: folder) else { return false }
    guard let process = sign.process else {
      throw LaunchError.heldElsewhere(folder, holder: sign.holder)
    }
    kill(process, SIGUSR1)
    say("\(folder): process \(process) was asked to end with a checkpoint")
    return true
  }
}
