import Foundation
import Studies

/// What a sweep's own work takes, and how that grows with the number of trials: a whole sweep with its journal on
/// disk, of trainings that take no time.
public struct ControllerBenchmark: Sendable {
  /// The updates of a training.
  private static let steps = 81

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
    /// Of the sweep's own time, for each of these.
    public var millisecondsPerEvent: Double
    /// The process's memory at its end.
    public var mebibytes: Double
    /// What a scheduler would have been asked, of all turns so far the mean.
    public var callsPerTurn: Double
  }

  /// Sees a sweep through, and tells of each tenth of it.
  ///
  /// - Throws: `TrainerError`, `LaunchError`.
  public func run() throws -> [Part] {
    let executor = SimulatedExecutor(
      steps: Self.steps, course: { .init(looks: 1 + $0.trial % 3) }, loss: Self.loss)
    let sweep = SweepFolder(path: "\(folder)/sweep")
    try FileManager.default.createDirectory(
      atPath: sweep.path, withIntermediateDirectories: true)
    let controller = try SweepController(
      plan(), in: sweep, journal: StudyJournal(path: sweep.journal, writer: "benchmark"),
      executor: executor, say: { _ in })
    var parts: [Part] = []
    var (turns, events) = (0, 0)
    var (own, before) = (Duration.zero, executor.time)
    while true {
      let start = ContinuousClock.now
      let turn = try controller.turn()
      own += ContinuousClock.now - start
      turns += 1
      let isOver = turn == .over
      guard isOver || controller.study.trials.count >= (parts.count + 1) * trials / 10 else {
        continue
      }
      let ended = executor.ends
      let count = max(1, ended - events)
      parts.append(
        Part(
          trials: controller.study.trials.count, events: ended - events,
          millisecondsPerEvent: (own - (executor.time - before)) / .milliseconds(1) / Double(count),
          mebibytes: Self.mebibytes, callsPerTurn: Double(executor.calls) / Double(turns)))
      (events, own, before) = (ended, .zero, executor.time)
      if isOver { return parts }
    }
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
      asha: {min_steps: 4, reduction: 3}
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
