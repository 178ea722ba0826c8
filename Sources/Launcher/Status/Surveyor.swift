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
    let records = works.map { (try? SubmissionRecord.read(run: $0.path)) ?? nil }
    let board = JobBoard(of: records.compactMap { $0 }, scheduler: scheduler)
    return try zip(works, records).map { work, record in
      switch work {
      case .run(let path): try run(path, job: record?.job, board)
      case .sweep(let path): sweep(path)
      }
    }
  }

  private func run(_ path: String, job name: String?, _ board: JobBoard) throws -> WorkStatus {
    let (progress, outlook) = (RunProgress(ofRun: path), RunOutlook(ofRun: path))
    let job = progress.hasFinished ? nil : board.state(of: name)
    let sign = try LeaseSign(ofFolder: path)
    let crash = progress.crashes.max { ($0.time, $1.rank) < ($1.time, $0.rank) }
    var status = WorkStatus(
      path: path, kind: outlook.stage?.rawValue ?? "run", state: .stopped,
      done: progress.lastStep, total: outlook.totalSteps, value: outlook.loss, job: name)
    status.restarts = LaunchLog.restarts(ofRun: path)
    switch (progress.hasFinished, job?.phase, sign) {
    case (true, _, _): status.state = .finished
    case (_, .waiting?, _): (status.state, status.detail) = (.waiting, job?.explanation)
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
  fileprivate var isSilent: Bool { silence > 600 }

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
    if let members = try SubmissionRecord.members(ofArray: path) { return members.map(Work.run) }
    if let own = of(path) { return [own] }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue
    else { return [] }
    return try DurableFiles.names(in: path).sorted().compactMap { of("\(path)/\($0)") }
  }

  private static func of(_ path: String) -> Work? {
    if DurableFiles.exists(SweepFolder(path: path).journal) { return .sweep(path) }
    let isRun = RunProgress(ofRun: path).hasBegun || SubmissionRecord.exists(run: path)
    return isRun ? .run(path) : nil
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
