import Foundation
import Trainer

/// Hands trainings in to a scheduler, each once.
public struct Submitter {
  /// Waiting for a scheduler that is away.
  struct Timing: Sendable {
    /// How long, before it is given up.
    var patience = Duration.seconds(600)
    /// What it does of its own accord once it is back: what it was told before it went away.
    var settling = Duration.seconds(5)
  }

  private let workingFolder: String
  private let ownFolder: String
  private let makeScheduler: (SchedulerName) -> any Scheduler
  private let timing: Timing
  private let say: (String) -> Void

  /// A submitter of trainings whose paths are relative to this process's working folder.
  ///
  /// - Parameter say: hears what is going on, in sentences.
  public init(say: @escaping (String) -> Void) {
    self.init(
      workingFolder: FileManager.default.currentDirectoryPath, ownFolder: ProgramSearch.ownFolder,
      timing: Timing(), say: say
    ) { $0.make() }
  }

  init(
    workingFolder: String, ownFolder: String, timing: Timing, say: @escaping (String) -> Void,
    makeScheduler: @escaping (SchedulerName) -> any Scheduler
  ) {
    (self.workingFolder, self.ownFolder) = (workingFolder, ownFolder)
    (self.timing, self.say, self.makeScheduler) = (timing, say, makeScheduler)
  }

  /// The script that `submit` would hand in.
  ///
  /// - Throws: `TrainerError.configuration`.
  public func script(of plan: SubmissionPlan) throws -> String {
    BatchScript(job: try plan.job(workingFolder: workingFolder, ownFolder: ownFolder)).text
  }

  /// Hands a plan in.
  ///
  /// - Parameter predecessors: jobs, or run folders that were handed in, which have to end well before.
  /// - Returns: the scheduler's name for the job.
  /// - Throws: `TrainerError.configuration`, `.system`, `LaunchError`.
  public func submit(_ plan: SubmissionPlan, after predecessors: [String]) throws -> String {
    let plan = try plan.withoutFinished(say: say)
    let job = try plan.job(workingFolder: workingFolder, ownFolder: ownFolder)
    let scheduler = makeScheduler(job.cluster.scheduler)
    // Two at the same time would both find nothing.
    let place = SubmissionFiles(run: plan.run).folder
    try DurableFiles.makeFolder(place)
    let lease = try RunLease(folder: place) { say("waits for \($0)") }
    defer { lease.release() }
    do {
      if let known = try adopt(plan, scheduler) { return known }
      let dependencies = try predecessors.flatMap { try self.dependencies(on: $0, scheduler) }
      return try handIn(plan, job) { submission, tag in
        try persist(scheduler, tag: tag) { try scheduler.submit(submission, after: dependencies) }
      }
    } catch SchedulerFailure.refused(let words) {
      throw LaunchError.refused(words)
    }
  }

  /// What a cluster's jobs are handed in to.
  ///
  /// - Throws: `TrainerError.configuration`.
  func scheduler(ofCluster file: String) throws -> any Scheduler {
    let loaded = try ConfigurationReader<ClusterConfiguration>.load(
      file: file, overrides: [], option: "--cluster")
    return makeScheduler(loaded.values.scheduler)
  }

  /// Hands a plan in of which nothing waits or runs, as the caller knows; a scheduler that is away is asked
  /// once.
  ///
  /// - Parameter avoided: nodes that it must not have, in the scheduler's words.
  /// - Throws: `TrainerError.configuration`, `.system`, `SchedulerFailure`.
  func handIn(_ plan: SubmissionPlan, avoiding avoided: [String]) throws {
    let job = try plan.job(workingFolder: workingFolder, ownFolder: ownFolder)
    try handIn(plan, job) { submission, _ in
      var submission = submission
      submission.avoided = avoided
      return try makeScheduler(job.cluster.scheduler).submit(submission, after: [])
    }
  }

  /// Hands in what is not waiting or running yet.
  ///
  /// - Parameter submit: does so, under a tag.
  /// - Returns: the scheduler's name for the job.
  /// - Throws: `TrainerError.system`, what `submit` throws.
  @discardableResult
  private func handIn(
    _ plan: SubmissionPlan, _ job: BatchJob, submit: (Submission, _ tag: String) throws -> String
  ) throws -> String {
    let files = SubmissionFiles(run: plan.run)
    var record = SubmissionRecord(
      scheduler: job.cluster.scheduler, tag: "aver:\(UUID().uuidString)", job: nil,
      ranks: job.ranks, date: Date().formatted(.iso8601))
    // First, so that whoever is killed in the middle knows afterwards what to look for.
    try keep(record, plan)
    try DurableFiles.replace(files.script, with: Array(BatchScript(job: job).text.utf8))
    let submission = Submission(script: files.script, log: job.log, tag: record.tag)
    let name: String
    do {
      name = try submit(submission, record.tag)
    } catch SchedulerFailure.refused(let words) {
      for run in (plan.isArray ? [plan.run] : []) + plan.trainings.map(\.run) {
        try SubmissionRecord.remove(run: run)
      }
      throw SchedulerFailure.refused(words)
    }
    record.job = name
    try keep(record, plan)
    return name
  }

  /// Keeps a record in each run's folder, and in that of an array.
  private func keep(_ record: SubmissionRecord, _ plan: SubmissionPlan) throws {
    guard plan.isArray else { return try record.write(run: plan.trainings[0].run) }
    var array = record
    array.members = plan.trainings.map { training in
      training.run.hasPrefix("\(plan.run)/")
        ? String(training.run.dropFirst(plan.run.count + 1)) : absolute(training.run)
    }
    try array.write(run: plan.run)
    for (index, training) in plan.trainings.enumerated() {
      try record.member(index, of: absolute(plan.run)).write(run: training.run)
    }
  }

  private func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : "\(workingFolder)/\(path)"
  }

  /// The job that the runs were handed in as by somebody who was killed before it was known.
  ///
  /// - Throws: `LaunchError.submitted` where one of them is waiting or running, `.finished` where one is
  ///   done.
  private func adopt(_ plan: SubmissionPlan, _ scheduler: any Scheduler) throws -> String? {
    for run in plan.trainings.map(\.run) {
      guard var record = try SubmissionRecord.read(run: run) else { continue }
      let isNew = record.job == nil
      guard let job = try record.job ?? asking({ try scheduler.job(tagged: record.tag) }) else {
        continue
      }
      let state = try asking { try scheduler.state(of: job) }
      guard let state, state.phase != .ended else { continue }
      guard isNew else {
        throw LaunchError.submitted(
          run: run, job: job, state: state.explanation ?? state.word.lowercased())
      }
      say("\(run) had been handed in before, as job \(job)")
      record.job = job
      record.index = nil
      try keep(record, plan)
      return job
    }
    return nil
  }

  /// The jobs that have to end well before; none where they have.
  private func dependencies(on predecessor: String, _ scheduler: any Scheduler) throws -> [String] {
    guard SubmissionRecord.exists(run: predecessor) || !predecessor.allSatisfy(\.isNumber) else {
      return try dependencies(onJob: predecessor, scheduler)
    }
    let runs = try SubmissionRecord.members(ofArray: predecessor) ?? [predecessor]
    if runs.allSatisfy({ RunProgress(ofRun: $0).hasFinished }) { return [] }
    let records = try asking {
      try SubmissionRecord.known(ofRuns: [predecessor] + runs) { _ in scheduler }
    }
    guard let job = records[0]?.job else {
      let reason =
        records[0] == nil
        ? "this run was not handed in to a scheduler"
        : "nobody knows whether the scheduler has taken this run: hand it in again"
      throw LaunchError.predecessor("--after \(predecessor): \(reason)")
    }
    let members = records.dropFirst().compactMap { $0?.job }
    let states = try asking { try members.map { try scheduler.state(of: $0) } }
    let active = zip(members, states).filter { $1.map { $0.phase != .ended } ?? false }
    guard !active.isEmpty else {
      let state = states.first { $0?.status != 0 } ?? nil
      let ending = state?.explanation.map { ": \($0)" } ?? ""
      throw LaunchError.predecessor(
        "--after \(predecessor): job \(job) has ended, and the run has not finished\(ending)")
    }
    // The array as a whole for those that are its members still.
    let own = Set(
      runs.indices.compactMap { index in
        records[0]?.member(index).known(as: job).job
      } + [job])
    return Set(active.map { own.contains($0.0) ? job : $0.0 }).sorted()
  }

  /// The same of a job that somebody names by its number.
  private func dependencies(onJob job: String, _ scheduler: any Scheduler) throws -> [String] {
    guard let state = try asking({ try scheduler.state(of: job) }) else {
      throw LaunchError.predecessor("--after \(job): the scheduler knows no such job")
    }
    guard state.phase == .ended else { return [job] }
    guard state.hasFailed || state.wasEnded else { return [] }
    let ending = state.explanation.map { ": \($0)" } ?? ""
    throw LaunchError.predecessor("--after \(job): the job has ended\(ending)")
  }

  // MARK: - A scheduler that may be away

  /// Asks until the scheduler answers.
  private func asking<Value>(_ ask: () throws -> Value) throws -> Value {
    try persisting { _ in try ask() }
  }

  /// Hands a job in until the scheduler has it; where it may have taken it without a word, it is asked.
  private func persist(
    _ scheduler: any Scheduler, tag: String, _ submit: () throws -> String
  ) throws -> String {
    try persisting { isFirst in
      if !isFirst {
        if let job = try scheduler.job(tagged: tag) { return job }
        sleep(timing.settling)
        if let job = try scheduler.job(tagged: tag) { return job }
      }
      return try submit()
    }
  }

  private func persisting<Value>(_ body: (_ isFirst: Bool) throws -> Value) throws -> Value {
    let end = ContinuousClock.now + timing.patience
    var backoff = Backoff(longestSeconds: 60)
    var isFirst = true
    while true {
      do {
        return try body(isFirst)
      } catch SchedulerFailure.away(let words) {
        let seconds = backoff.next()
        guard ContinuousClock.now + .seconds(seconds) < end else {
          throw LaunchError.schedulerAway(words)
        }
        say("\(words); asking again in \(seconds) s")
        sleep(.seconds(seconds))
      }
      isFirst = false
    }
  }

  private func sleep(_ time: Duration) { Thread.sleep(forTimeInterval: time / .seconds(1)) }
}
