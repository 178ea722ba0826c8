import Foundation
import Studies
import Trainer

/// What a sweep's own work takes, what it asks of a scheduler, and how both grow with the number of trials: a whole
/// sweep of batch jobs with its journal, scripts and records on disk, under a scheduler whose time is simulated.
public struct ControllerBenchmark: Sendable {
  /// The updates of a training.
  private static let steps = 81
  /// When they are compared.
  private static let (leastSteps, reduction) = (4, 3)
  /// How long one takes, and how long a job before its first, in simulated seconds.
  private static let (stepSeconds, startSeconds) = (10, 20)

  /// Trials of the sweep.
  public var trials: Int
  /// Trainings at the same time.
  public var concurrency: Int
  /// `random`, `sobol` or `tpe`.
  public var sampler: String
  /// The folder for what it writes, which has to be there.
  public var folder: String

  /// A benchmark with every field given.
  public init(trials: Int, concurrency: Int, sampler: String, folder: String) {
    (self.trials, self.concurrency) = (trials, concurrency)
    (self.sampler, self.folder) = (sampler, folder)
  }

  /// A part of a sweep.
  public struct Part: Encodable, Sendable {
    /// Trials there were at its end.
    public var trials: Int
    /// Trainings that came to an end in it.
    public var events: Int
    /// What the search and its journal took for each of these.
    public var searchMilliseconds: Double
    /// What the batch jobs took, with their scripts and records.
    public var jobMilliseconds: Double
    /// The process's memory at its end.
    public var mebibytes: Double
    /// How long it took, in simulated minutes.
    public var minutes: Double
    /// What the scheduler was asked in each of these.
    public var callsPerMinute: Double
  }

  /// Sees a sweep through, and tells of each tenth of it.
  ///
  /// - Throws: `TrainerError`, `LaunchError`.
  public func run() throws -> [Part] {
    let sweep = SweepFolder(path: "\(folder)/sweep")
    let (plan, scheduler) = (try plan(), SimulatedScheduler(duration: Self.duration))
    try FileManager.default.createDirectory(
      atPath: sweep.path, withIntermediateDirectories: true)
    let base = try DurableFiles.contents(plan.configuration.config) ?? []
    try DurableFiles.replace(sweep.base, with: base)
    try DurableFiles.replace(sweep.cluster, with: Array("nodes: 1\ntime: 01:00:00\n".utf8))
    let submitter = Submitter(
      workingFolder: folder, ownFolder: ProgramSearch.ownFolder, timing: .init(), say: { _ in }
    ) { _ in scheduler }
    let executor = TimedExecutor(try BatchExecutor(plan, in: sweep, submitter: submitter))
    let controller = try SweepController(
      plan, in: sweep, journal: StudyJournal(path: sweep.journal, writer: "benchmark"),
      executor: executor, say: { _ in })
    scheduler.train = { run in
      try Self.training(in: run, plan, controller.study, sweep).simulate(
        steps: Self.steps, loss: Self.loss)
    }
    var (parts, pauses) = ([Part](), TurnPauses(executor.pauses))
    var (turns, before) = (Duration.zero, Counts(scheduler, executor, turns: .zero))
    while true {
      let start = ContinuousClock.now
      let turn = try controller.turn()
      turns += ContinuousClock.now - start
      let isOver = turn == .over
      if isOver || controller.study.trials.count >= (parts.count + 1) * trials / 10 {
        let now = Counts(scheduler, executor, turns: turns)
        parts.append(part(controller.study, from: before, to: now))
        before = now
      }
      if isOver { return parts }
      scheduler.time += pauses.next(after: turn)
    }
  }

  /// What was counted and measured so far.
  private struct Counts {
    let time: Duration
    let calls: Int
    let ends: Int
    let search: Duration
    let jobs: Duration

    init(_ scheduler: SimulatedScheduler, _ executor: TimedExecutor, turns: Duration) {
      (time, calls, ends) = (scheduler.time, scheduler.calls, scheduler.ends)
      (search, jobs) = (turns - executor.time, executor.time - scheduler.trainingTime)
    }
  }

  private func part(_ study: Study, from before: Counts, to now: Counts) -> Part {
    let events = now.ends - before.ends
    let minutes = (now.time - before.time) / .seconds(60)
    func milliseconds(_ time: Duration) -> Double { time / .milliseconds(max(1, events)) }
    return Part(
      trials: study.trials.count, events: events,
      searchMilliseconds: milliseconds(now.search - before.search),
      jobMilliseconds: milliseconds(now.jobs - before.jobs), mebibytes: Self.mebibytes,
      minutes: minutes, callsPerMinute: Double(now.calls - before.calls) / max(minutes, 1 / 60))
  }

  /// The training that is under way in a trial's folder.
  private static func training(
    in run: String, _ plan: SweepPlan, _ study: Study, _ sweep: SweepFolder
  ) -> TrialTraining {
    let number = Int((run as NSString).lastPathComponent) ?? 0
    let target = study.trialAttributes[number][TrialAttribute.target].flatMap { Int($0) }
    return plan.trainings(
      ofTrial: number, study.trials[number].assignment, in: sweep, to: target)[0]
  }

  /// How long a run's next job takes, if it comes to the rung behind what it has made: no two take the same time.
  private static func duration(_ run: String) -> Duration {
    let done = RunProgress(ofRun: run).lastStep ?? 0
    let rungs = SuccessiveHalving(least: leastSteps, most: steps, reduction: reduction).rungs
    let next = rungs.first { $0 > done } ?? steps
    let spread = (run as NSString).lastPathComponent.utf8.last.map { Int($0 % 8) } ?? 0
    return .seconds(startSeconds + spread + (next - done) * stepSeconds)
  }

  private func plan() throws -> SweepPlan {
    let (stage, file) = ("\(folder)/stage.yaml", "\(folder)/sweep.yaml")
    try Data("train: {max_steps: \(Self.steps)}\nbatch: {global: 8, micro: 8}\n".utf8).write(
      to: URL(fileURLWithPath: stage))
    let text = """
      stage: teacher
      config: \(stage)
      set: [data.root=faces]
      parameters:
        optimizer.learning_rate: {min: 0.0001, max: 1.0, log: true}
        optimizer.weight_decay: {min: 1.0e-6, max: 0.1, log: true}
        optimizer.name: {values: [sgd, adamw]}
        optimizer.momentum: {min: 0.5, max: 0.9, when: {optimizer.name: sgd}}
      objective: {metric: loss}
      sampler: \(sampler)
      asha: {min_steps: \(Self.leastSteps), reduction: \(Self.reduction)}
      budget: {trials: \(trials)}
      concurrency: \(concurrency)

      """
    try Data(text.utf8).write(to: URL(fileURLWithPath: file))
    return try SweepPlan(file: file, overrides: [], ranks: 1)
  }

  /// The farther from the best rate, the more.
  private static func loss(_ training: TrialTraining, _ step: Int) -> Double {
    let word = training.overrides.first { $0.hasPrefix("optimizer.learning_rate=") }
    let rate = word.flatMap { Double($0.split(separator: "=").last ?? "") } ?? 1
    return abs(log10(rate) + 2) + 1 / Double(step)
  }

  /// The memory that the process has now (proc(5)).
  private static var mebibytes: Double {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0
    return pages * Double(getpagesize()) / 1_048_576
  }
}
