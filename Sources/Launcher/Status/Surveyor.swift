import Foundation
import Studies
import Trainer

/// Looks at runs and sweeps from outside: their folders, and what schedulers say.
struct Surveyor {
  private let scheduler: (SchedulerName) -> any Scheduler

  init(scheduler: @escaping (SchedulerName) -> any Scheduler = { $0.make() }) {
    self.scheduler = scheduler
  }

  /// How all that is in some folders stands: each a run, a sweep, or a folder of them.
  ///
  /// - Throws: `TrainerError.system`, `LaunchError.noWork` where a folder has nothing of that kind.
  func survey(_ paths: [String]) throws -> [WorkStatus] {
    let works = try paths.flatMap { path in
      let found = try Work.find(in: path)
      guard !found.isEmpty else { throw LaunchError.noWork(path) }
      return found
    }
    let board = JobBoard(
      ofRuns: works.compactMap { work in
        guard case .run(let path) = work, !RunProgress(ofRun: path).hasFinished else { return nil }
        return path
      }, scheduler: scheduler)
    return try works.map { work in
      switch work {
      case .run(let path): try run(path, board)
      case .sweep(let path): sweep(path)
      }
    }
  }

  private func run(_ path: String, _ board: JobBoard) throws -> WorkStatus {
    let (progress, outlook) = (RunProgress(ofRun: path), RunOutlook(ofRun: path))
    let (name, job, problem) = board.job(ofRun: path)
    let sign = try LeaseSign(ofFolder: path)
    let crash = progress.crashes.max { ($0.time, $1.rank) < ($1.time, $0.rank) }
    var status = WorkStatus(
      path: path, kind: outlook.stage?.rawValue ?? "run", state: .stopped,
      done: progress.lastStep, total: outlook.totalSteps, value: outlook.loss, job: name)
    status.restarts = LaunchLog.restarts(ofRun: path)
    switch (progress.hasFinished, job?.phase, sign) {
    case (true, _, _): status.state = .finished
    case (_, .waiting?, _): (status.state, status.detail) = (.waiting, job?.explanation)
    // Alive for certain: after its job, somebody has gone on with it here.
    case (_, .ended?, let sign?) where sign.process != nil:
      (status.state, status.host, status.job) = (.running, sign.host, nil)
    case (_, nil, nil) where problem != nil: (status.state, status.detail) = (.unknown, problem)
    case (_, nil, let sign?) where sign.isSilent:
      (status.state, status.detail, status.host) = (.stopped, sign.silenceWords, sign.host)
    case (_, .running?, _), (_, nil, _?):
      status.state = .running
      (status.rate, status.secondsLeft) = (outlook.samplesPerSecond, outlook.secondsLeft)
      status.host = job?.nodes ?? sign?.host
    case (_, .ended?, _), (_, nil, nil):
      let failure = crash.map { String($0.error.prefix { $0 != "\n" }) }
      status.state = failure == nil && job?.hasFailed != true ? .stopped : .failed
      status.detail = failure ?? job?.explanation
      status.host = job?.nodes
    }
    return status
  }

  /// How a sweep stands; one that cannot be read is told as it is, and hides no other.
  private func sweep(_ path: String) -> WorkStatus {
    do {
      return try readableSweep(path)
    } catch {
      return WorkStatus(path: path, kind: "sweep", state: .failed, detail: "\(error)")
    }
  }

  private func readableSweep(_ path: String) throws -> WorkStatus {
    let folder = SweepFolder(path: path)
    let study = try StudyJournal.study(in: folder.journal)
    let configuration = try ConfigurationReader<SweepConfiguration>.load(
      file: folder.configuration, overrides: []
    ).values
    let sign = try LeaseSign(ofFolder: path)
    let ended = study.trials.filter(\.state.isFinished).count
    let isDone = study.attributes[SweepController.finishedName] == "\(study.trials.count)"
    let tally = study.tally([.running, .complete, .pruned, .failed])
    let isSilent = sign?.isSilent ?? false
    return WorkStatus(
      path: path, kind: "sweep",
      state: sign != nil && !isSilent ? .running : isDone ? .finished : .stopped,
      detail: isSilent ? "\(tally); \(sign?.silenceWords ?? "")" : tally, done: ended,
      total: configuration.budget.trials,
      value: study.leader?.value, host: sign?.host)
  }
}

extension LeaseSign {
  /// Whether nothing has come of the holder for long: it writes every few seconds.
  var isSilent: Bool { silence > 600 }

  /// That in words.
  fileprivate var silenceWords: String {
    "\(holder) has been silent for \(Int(silence / 60)) minutes"
  }
}

/// A folder in which something is trained.
enum Work: Equatable {
  case run(String)
  case sweep(String)

  /// Its folder.
  var path: String {
    switch self {
    case .run(let path), .sweep(let path): path
    }
  }

  /// What a folder is, or has in it, by name.
  ///
  /// - Throws: `TrainerError.system`.
  static func find(in path: String) throws -> [Work] {
    let own = try of(path)
    guard own.isEmpty else { return own }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue
    else { return [] }
    return try DurableFiles.names(in: path).sorted().flatMap { try of("\(path)/\($0)") }
  }

  /// What a folder is itself: a run, a sweep, or the members of an array.
  private static func of(_ path: String) throws -> [Work] {
    if DurableFiles.exists(SweepFolder(path: path).journal) { return [.sweep(path)] }
    if let members = (try? SubmissionRecord.members(ofArray: path)) ?? nil {
      return members.map(Work.run)
    }
    let isRun = RunProgress(ofRun: path).hasBegun || SubmissionRecord.exists(run: path)
    return isRun ? [.run(path)] : []
  }
}

extension SchedulerName {
  /// The scheduler of this name.
  func make() -> any Scheduler {
    switch self {
    case .slurm: Slurm()
    case .pbs: PBS()
    }
  }
}
