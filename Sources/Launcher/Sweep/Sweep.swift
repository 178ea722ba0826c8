import Foundation
import Studies
import Trainer

/// A sweep as somebody asks for it.
public struct SweepRequest: Sendable {
  /// The sweep file; nil for that of a sweep that goes on.
  public var file: String?
  /// `key=value` arguments that win over it.
  public var overrides: [String]
  /// The sweep's folder.
  public var folder: String
  /// Ranks of each training on this machine.
  public var ranks: Int
  /// The cluster file and what wins over it; nil to train on this machine.
  public var cluster: (file: String, overrides: [String])?

  /// A request with every field given.
  public init(
    file: String?, overrides: [String], folder: String, ranks: Int,
    cluster: (file: String, overrides: [String])?
  ) {
    (self.file, self.overrides, self.folder) = (file, overrides, folder)
    (self.ranks, self.cluster) = (ranks, cluster)
  }
}

/// Runs a sweep on this thread, which has to be the first one.
public struct Sweep {
  private let folder: SweepFolder
  private let plan: SweepPlan
  private let request: SweepRequest
  private let cluster: (file: String, overrides: [String])?
  private let inbox: SignalInbox

  /// A sweep, everything checked that can be before it runs.
  ///
  /// - Throws: `TrainerError.configuration`, `LaunchError.sweepChanged` where the folder is another sweep's,
  ///   `.begunElsewhere`, `.journalGone`.
  public init(_ request: SweepRequest) throws {
    inbox = SignalInbox()
    self.request = request
    folder = SweepFolder(path: request.folder)
    guard
      let file = request.file
        ?? (DurableFiles.exists(folder.configuration)
          ? folder.configuration : nil)
    else { throw LaunchError.noSweep(folder.path) }
    // Or trials would be trained here that wait in a queue.
    cluster =
      request.cluster ?? folder.knownCluster.map { ($0, []) }
    let ranks = cluster == nil ? request.ranks : 1
    plan = try SweepPlan(
      file: file, overrides: request.overrides, base: folder.knownBase, ranks: ranks)
    try folder.requireJournal()
    try requirePlace()
    try requireSame(ranks: ranks)
    try cluster.map(requireFit)
  }

  /// Throws where the sweep was begun in another working folder that there is here, too.
  private func requirePlace() throws {
    guard DurableFiles.exists(folder.journal),
      let place = try StudyJournal.study(in: folder.journal).attributes[Self.placeName],
      place != FileManager.default.currentDirectoryPath, DurableFiles.exists(place)
    else { return }
    throw LaunchError.begunElsewhere(folder.path, folder: place)
  }

  /// The study's attribute that names the working folder.
  private static let placeName = "working_folder"

  /// Throws where a trial's batch job makes no sense on a cluster.
  private func requireFit(_ cluster: (file: String, overrides: [String])) throws {
    let trial = SubmissionPlan(
      stage: plan.configuration.stage, clusterFile: cluster.file,
      clusterOverrides: cluster.overrides,
      configurationFile: folder.knownBase ?? plan.configuration.config,
      run: folder.trial(0),
      trainings: [
        SubmittedTraining(
          run: folder.trial(0), arguments: [], overrides: plan.configuration.set)
      ], isArray: false, name: "trial")
    _ = try Submitter { _ in }.script(of: trial)
  }

  /// Throws where the folder has a sweep that asks another question, or its trials began from something else.
  private func requireSame(ranks: Int) throws {
    guard DurableFiles.exists(folder.configuration) else { return }
    let there = try ConfigurationReader<SweepConfiguration>.load(
      file: folder.configuration, overrides: []
    ).values.resultDecidingValues
    var differences = plan.configuration.resultDecidingValues.differences(from: there)
    let (configuration, base) = (plan.configuration, plan.outline.decidingValues)
    // A file that is gone has not been changed.
    if folder.knownBase != nil, DurableFiles.exists(configuration.config) {
      let now = try TrainingOutline(
        of: configuration.stage, file: configuration.config, overrides: configuration.set
      ) { _ in ranks }
      differences += now.decidingValues.differences(from: base).map {
        "\(configuration.config): \($0)"
      }
    }
    guard differences.isEmpty else {
      throw LaunchError.sweepChanged(folder.path, differences)
    }
  }

  /// Writes what a sweep has come to by now, whoever runs it.
  ///
  /// - Returns: the path of its page.
  /// - Throws: `LaunchError`, `TrainerError`.
  public static func report(on path: String) throws -> String {
    let folder = SweepFolder(path: path)
    guard DurableFiles.exists(folder.journal) else { throw LaunchError.noSweep(path) }
    let plan = try SweepPlan(
      file: folder.configuration, overrides: [], base: folder.knownBase, ranks: 1)
    try SweepResults(plan, in: folder).write(StudyJournal.study(in: folder.journal))
    return folder.report
  }

  /// Runs it to its end, or until a signal comes.
  ///
  /// - Returns: the status to leave with.
  /// - Throws: `LaunchError`, `TrainerError`; the same request goes on where it was.
  public func run() throws -> ExitStatus {
    do {
      try DurableFiles.makeFolder("\(folder.path)/logs")
    } catch {
      throw LaunchError.runFolder(folder.path, reason: "\(error)")
    }
    let log = LaunchLog(run: folder.path)
    let lease = try RunLease(folder: folder.path) { log.say("waits for \($0)") }
    defer { lease.release() }
    try folder.withdrawEndRequest()
    try keepQuestion()
    let journal = try StudyJournal(
      path: folder.journal, writer: "\(ProcessInfo.processInfo.hostName)-\(getpid())")
    let executor = try executor()
    let controller = try SweepController(
      plan, in: folder, journal: journal, executor: executor, say: log.say)
    if controller.study.attributes[Self.placeName] == nil {
      try controller.note(Self.placeName, FileManager.default.currentDirectoryPath)
    }
    let turns = SweepTurns(
      of: folder, controller: controller, results: SweepResults(plan, in: folder), inbox: inbox,
      log: log, pauses: executor.pauses, hours: plan.configuration.budget.hours,
      outlived: executor.outlivesSweep)
    let status = try turns.run(holding: lease)
    if status == .finished {
      log.say(controller.study.summary(plan))
    }
    return status
  }

  /// Writes what is asked into the folder, before the first trial begins.
  private func keepQuestion() throws {
    if folder.knownBase == nil {
      let text = try DurableFiles.contents(plan.configuration.config) ?? []
      try DurableFiles.replace(folder.base, with: Array(text))
    }
    if let cluster {
      let text = try ConfigurationReader<ClusterConfiguration>.load(
        file: cluster.file, overrides: cluster.overrides, option: "--cluster"
      ).values.yaml()
      try DurableFiles.replace(folder.cluster, with: Array(text.utf8))
    }
    try DurableFiles.replace(
      folder.configuration, with: Array(plan.configuration.yaml().utf8))
  }

  private func executor() throws -> any TrialExecutor {
    guard cluster != nil else {
      return LocalExecutor(
        plan, in: folder, ranks: request.ranks, launcher: "\(ProgramSearch.ownFolder)/aver-launch")
    }
    return try BatchExecutor(plan, in: folder, submitter: Submitter { Job.printError($0) })
  }
}

extension [String: String] {
  /// What is other than in what was before, by key.
  fileprivate func differences(from before: Self) -> [String] {
    keys.sorted().filter { self[$0] != before[$0] }.map {
      "\($0): \(before[$0] ?? "") -> \(self[$0] ?? "")"
    }
  }
}

extension Study {
  /// What a sweep came to, in a sentence.
  fileprivate func summary(_ plan: SweepPlan) -> String {
    let result =
      leader.map { best in
        "the best is trial \(best.number), \(plan.outcome(of: best)): "
          + plan.space.overrides(best.assignment).joined(separator: " ")
      } ?? "none came to anything"
    return "\(trials.count) trials (\(tally([.complete, .pruned, .failed]))); \(result)"
  }
}
