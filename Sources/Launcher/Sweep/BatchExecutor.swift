import Foundation
import Trainer

/// Runs trainings as batch jobs, several that begin together as an array. They go on where the sweep does not, and
/// each run's record tells the next start of the sweep which job is its.
final class BatchExecutor: TrialExecutor {
  /// What a scheduler takes to do what it was told before it went away.
  private static let settlingSeconds = 5.0

  /// The most that are handed in together: fewer than the members that Slurm takes of an array by default.
  private static let mostTogether = 1000

  let outlivesSweep = true
  let pauses: ClosedRange<Duration> = .seconds(4) ... .seconds(30)

  private let plan: SweepPlan
  private let folder: SweepFolder
  private let submitter: Submitter
  private let scheduler: any Scheduler
  private var arrays: Int
  /// How many the scheduler may have room for.
  private var room = mostTogether
  /// Whether the scheduler has taken a job of this start, so that one like it makes sense.
  private var hasHandedIn = false
  private var suspicion = NodeSuspicion()

  /// An executor of a sweep's trainings on the cluster that its folder names.
  ///
  /// - Throws: `TrainerError.configuration`.
  init(_ plan: SweepPlan, in folder: SweepFolder, submitter: Submitter) throws {
    (self.plan, self.folder, self.submitter) = (plan, folder, submitter)
    scheduler = try submitter.scheduler(ofCluster: folder.cluster)
    arrays = try DurableFiles.names(in: "\(folder.path)/arrays").compactMap { Int($0) }.max() ?? 0
  }

  func begin(_ trainings: [TrialTraining]) throws -> [TrialTraining] {
    let wanted = try untaken(trainings)
    let taken = trainings.filter { !wanted.contains($0) }
    do {
      return taken + (try delaying { try handInWhatFits(wanted) })
    } catch is SweepDelay where !taken.isEmpty {
      return taken
    }
  }

  /// Hands in as many as the scheduler has room for: begins with as many as it took where it was full, and twice as
  /// many the next time.
  ///
  /// - Returns: those.
  private func handInWhatFits(_ trainings: [TrialTraining]) throws -> [TrialTraining] {
    let chosen = Array(trainings.prefix(room))
    do {
      try handIn(chosen)
    } catch SchedulerFailure.refused(let words) where SlurmWords.isFull(words) && chosen.count > 1 {
      room = chosen.count / 2
      return try handInWhatFits(chosen)
    }
    if chosen.count == room { room = min(2 * room, Self.mostTogether) }
    hasHandedIn = hasHandedIn || !chosen.isEmpty
    return chosen
  }

  /// Hands trainings in, several as an array.
  private func handIn(_ trainings: [TrialTraining]) throws {
    guard let first = trainings.first else { return }
    let isArray = trainings.count > 1
    if isArray { arrays += 1 }
    let members = trainings.map { training in
      SubmittedTraining(
        run: training.run, arguments: training.pause, overrides: training.overrides)
    }
    let name = (folder.path as NSString).lastPathComponent
    let submission = SubmissionPlan(
      stage: plan.configuration.stage, clusterFile: folder.cluster, clusterOverrides: [],
      configurationFile: folder.base, run: isArray ? folder.array(arrays) : first.run,
      trainings: members, isArray: isArray,
      name: isArray ? "\(name)-array-\(arrays)" : "\(name)-\(first.trial)")
    suspicion.expect(trainings.map(\.run))
    let suspects = suspicion.suspects(for: trainings.map(\.run))
    do {
      do {
        try submitter.handIn(submission, avoiding: suspects)
      } catch SchedulerFailure.refused(let words)
        where !suspects.isEmpty && !SlurmWords.isFull(words)
      {
        // Without these there may be none.
        try submitter.handIn(submission, avoiding: [])
      }
    } catch SchedulerFailure.refused(let words) {
      if isArray {
        try DurableFiles.remove(folder.array(arrays))
        arrays -= 1
      }
      throw SchedulerFailure.refused(words)
    }
  }

  /// The trainings that the scheduler has no job of.
  private func untaken(_ trainings: [TrialTraining]) throws -> [TrialTraining] {
    // Whoever handed these in has never heard a number: they may have been taken without a word.
    let uncertain = try trainings.filter { training in
      try SubmissionRecord.read(run: training.run).map { $0.job == nil } ?? false
    }
    var unknown = try unnamed(uncertain)
    if !unknown.isEmpty {
      // What the scheduler was told before it went away, it may do only now.
      Thread.sleep(forTimeInterval: Self.settlingSeconds)
      unknown = try unnamed(unknown)
    }
    return trainings.filter { !uncertain.contains($0) || unknown.contains($0) }
  }

  /// Those of whose jobs the scheduler does not know the names.
  private func unnamed(_ trainings: [TrialTraining]) throws -> [TrialTraining] {
    zip(trainings, try records(of: trainings)).filter { $1?.job == nil }.map { $0.0 }
  }

  private func records(of trainings: [TrialTraining]) throws -> [SubmissionRecord?] {
    try delaying { try SubmissionRecord.known(ofRuns: trainings.map(\.run)) { _ in scheduler } }
  }

  func look(at trainings: [TrialTraining]) throws -> [TrainingSight] {
    let records = try records(of: trainings)
    let states = try delaying { try scheduler.states(of: records.compactMap { $0?.job }) }
    let sights = zip(trainings, records).map { training, record in
      (training, record, record?.job.flatMap { states[$0] })
    }
    // First of all, so that nobody is blamed for what is the node's fault.
    for (training, _, state) in sights where state?.phase == .running {
      suspicion.hear(training.run)
    }
    return try sights.map { training, record, state in
      // Not handed in, or not taken.
      guard let record, let job = record.job else { return .ended(status: nil, words: nil) }
      if let state, state.phase != .ended { return .underWay(state.explanation) }
      // How its job ended makes no difference.
      if training.isThere { return .ended(status: ExitStatus.finished.rawValue, words: nil) }
      return try sight(of: training, record, job)
    }
  }

  /// What has become of a training whose job ran a moment ago, or never.
  private func sight(
    of training: TrialTraining, _ record: SubmissionRecord, _ job: String
  ) throws -> TrainingSight {
    let end = try delaying { try scheduler.state(of: job) }
    // It went back into the queue between the two questions, or has handed itself in once more.
    if let end, end.phase != .ended { return .underWay(end.explanation) }
    if try SubmissionRecord.read(run: training.run)?.job != job { return .underWay(nil) }
    let line = suspicion.hear(training.run)
    // A job that makes way with a checkpoint may be killed before it has said so to the scheduler.
    var isBlameless =
      end?.wasEnded ?? false || line?.hasSuffix(RestartPolicy.LeaveReason.madeWay) ?? false
    if let end, end.hasFailed, !isBlameless, line == nil, !end.isOwnWord, let nodes = end.nodes {
      isBlameless = suspicion.blame(nodes, for: training.run)
    }
    let status = isBlameless ? ExitStatus.preempted.rawValue : end?.status
    let place = end?.nodes.map { " on \($0)" } ?? ""
    let words = line.flatMap(LaunchLog.sentence(ofLine:)) ?? end?.explanation.map { $0 + place }
    return .ended(status: status, words: words)
  }

  func end(_ trainings: [TrialTraining], atOnce: Bool) throws {
    let jobs = try records(of: trainings).compactMap { $0?.job }
    try delaying { try scheduler.cancel(jobs) }
  }

  /// A scheduler that is away or has no room for more is asked again later; one that does not take jobs any
  /// more, too, since whoever is to mend that may come in days, and nothing is lost meanwhile.
  private func delaying<Value>(_ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch SchedulerFailure.away(let words) {
      throw SweepDelay(reason: words)
    } catch SchedulerFailure.refused(let words) {
      throw hasHandedIn || SlurmWords.isFull(words)
        ? SweepDelay(reason: words) : LaunchError.refused(words)
    }
  }
}
