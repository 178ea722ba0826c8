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
      for work in works {
        switch work {
        case .run(let run): runs.append(run)
        case .sweep(let sweep):
          // First the sweep: it would begin what was ended again.
          try end(sweep)
          let trials = "\(sweep)/trials"
          runs += try DurableFiles.names(in: trials).sorted().flatMap { name in
            try Work.find(in: "\(trials)/\(name)").map(\.path)
          }
        }
      }
      try cancelRuns(runs)
    }
  }

  private func cancelRuns(_ runs: [String]) throws {
    let records = try runs.compactMap { run in
      try SubmissionRecord.read(run: run).map { (run: run, record: $0) }
    }
    for (name, group) in Dictionary(grouping: records, by: \.record.scheduler) {
      let jobs = group.compactMap(\.record.job)
      do {
        let active = try scheduler(name).states(of: jobs).filter { $0.value.phase != .ended }
        guard !active.isEmpty else { continue }
        try scheduler(name).cancel(active.keys.sorted())
        say("cancelled: job \(active.keys.sorted().joined(separator: ", "))")
      } catch SchedulerFailure.away(let words) {
        throw LaunchError.schedulerAway(words)
      } catch SchedulerFailure.refused(let words) {
        throw LaunchError.refused(words)
      }
    }
    let submitted = Set(records.map(\.run))
    for run in runs where !submitted.contains(run) { try signal(run) }
  }

  /// Ends a sweep, wherever it runs, and waits until nobody holds it any more: trainings beside it end with
  /// checkpoints.
  private func end(_ sweep: String) throws {
    if let sign = try LeaseSign(ofFolder: sweep), sign.process == nil {
      try SweepFolder(path: sweep).requestEnd()
      say("\(sweep): \(sign.holder) was asked to end")
    } else {
      try signal(sweep)
    }
    let end = ContinuousClock.now + .seconds(120)
    while let sign = try LeaseSign(ofFolder: sweep) {
      guard ContinuousClock.now < end else {
        throw LaunchError.heldElsewhere(sweep, holder: sign.holder)
      }
      usleep(100_000)
    }
  }

  /// Asks who holds a folder's lease to end.
  ///
  /// - Throws: `LaunchError.heldElsewhere`.
  private func signal(_ folder: String) throws {
    guard let sign = try LeaseSign(ofFolder: folder) else { return }
    guard let process = sign.process else {
      throw LaunchError.heldElsewhere(folder, holder: sign.holder)
    }
    kill(process, SIGUSR1)
    say("\(folder): process \(process) was asked to end with a checkpoint")
  }
}
