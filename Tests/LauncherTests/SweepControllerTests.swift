import Foundation
import Studies
import TestSupport
import Testing

@testable import Launcher
@testable import Trainer

@Suite("Sweeps")
struct SweepControllerTests {
  private let folder: TemporaryFolder
  private var sweep: SweepFolder { SweepFolder(path: "\(folder.path)/sweep") }

  init() throws {
    folder = try TemporaryFolder()
    _ = try folder.write("train: {max_steps: 16}\nbatch: {global: 8, micro: 8}\n", to: "stage.yaml")
  }

  private func plan(_ lines: String, ranks: Int = 1) throws -> SweepPlan {
    _ = try folder.write(
      """
      stage: teacher
      config: \(folder.path)/stage.yaml
      set: [data.root=faces]
      objective: {metric: loss}
      \(lines)

      """, to: "sweep.yaml")
    return try SweepPlan(file: "\(folder.path)/sweep.yaml", overrides: [], ranks: ranks)
  }

  private static let search = """
    parameters:
      optimizer.learning_rate: {min: 0.0001, max: 1.0, log: true}
      optimizer.name: {values: [sgd, adamw]}
      optimizer.momentum: {min: 0.5, max: 0.9, when: {optimizer.name: sgd}}
    sampler: random
    concurrency: 4

    """
  private static let halving = search + "asha: {min_steps: 4, reduction: 2}\n"

  /// The best rate is 0.01; the order of trainings is the same after any number of updates.
  private static func loss(_ training: TrialTraining, _ step: Int) -> Double {
    let word = training.overrides.first { $0.hasPrefix("optimizer.learning_rate=") } ?? ""
    let rate = Double(word.split(separator: "=").last ?? "") ?? 1
    let distance = log10(rate) + 2
    return distance * distance + 1 / Double(step)
  }

  private func executor(
    _ course: @escaping (TrialTraining) -> SimulatedExecutor.Course = { _ in .init() }
  ) -> SimulatedExecutor {
    SimulatedExecutor(steps: 16, course: course, loss: Self.loss)
  }

  private func controller(
    _ plan: SweepPlan, _ executor: SimulatedExecutor, say: @escaping (String) -> Void = { _ in }
  ) throws -> SweepController {
    try FileManager.default.createDirectory(
      atPath: sweep.path, withIntermediateDirectories: true)
    return try SweepController(
      plan, in: sweep, journal: StudyJournal(path: sweep.journal, writer: "test"),
      executor: executor, say: say)
  }

  /// Turns a sweep to its end.
  private func finish(_ controller: SweepController, turns: Int = 10_000) throws -> Study {
    for _ in 0..<turns where try controller.turn() == .over {
      try controller.conclude()
      return controller.study
    }
    Issue.record("the sweep does not end: \(controller.study)")
    return controller.study
  }

  @Test("each of a number of trials ends once, the best is the best, and no more run than may")
  func plain() throws {
    let executor = executor()
    let study = try finish(
      controller(try plan(Self.search + "budget: {trials: 30}"), executor))
    #expect(study.trials.count == 30 && study.trials.allSatisfy { $0.state == .complete })
    #expect(executor.starts.count == 30 && executor.starts.values.allSatisfy { $0 == 1 })
    #expect(executor.mostJobs == 4 && executor.mistakes.isEmpty)
    let best = try #require(study.best)
    #expect(study.trials.allSatisfy { ($0.objective ?? .infinity) >= (best.objective ?? 0) })
    for trial in study.trials {
      let hasMomentum = trial.assignment["optimizer.momentum"] != nil
      #expect(hasMomentum == (trial.assignment["optimizer.name"] == 0))
    }
  }

  @Test("early stopping lets the best go on, and gives up who waits when all is done")
  func halving() throws {
    let executor = executor()
    let study = try finish(controller(plan(Self.halving + "budget: {trials: 40}"), executor))
    let ends = Dictionary(grouping: study.trials, by: \.state).mapValues(\.count)
    #expect(ends[.complete].map { 4...20 ~= $0 } == true && ends[.running] == nil)
    #expect((ends[.complete] ?? 0) + (ends[.pruned] ?? 0) == 40)
    // The order is the same after any number of updates: nobody who is better was given up.
    let best = study.trials.compactMap { $0.intermediate[4] }.min()
    #expect(study.best?.intermediate[4] == best)
    #expect(study.trials.allSatisfy { $0.state != .complete || $0.latest?.step == 16 })
    let updates = study.trials.compactMap { $0.latest?.step }.reduce(0, +)
    #expect(updates < 40 * 16 * 2 / 3, "\(updates)")
    #expect(executor.starts.values.allSatisfy { $0 == 1 } && executor.mistakes.isEmpty)
  }

  @Test("wherever the sweep is killed, it goes on: no trial is lost, begun twice or counted twice")
  func killed() throws {
    let plan = try plan(Self.halving + "budget: {trials: 12}")
    let whole = executor()
    let reference = try finish(controller(plan, whole))
    let journal = try Data(contentsOf: URL(fileURLWithPath: sweep.journal))
    var random = SeededGenerator(seed: 5)
    for _ in 0..<25 {
      try FileManager.default.removeItem(atPath: sweep.path)
      let executor = executor { training in .init(looks: 1 + training.trial % 3) }
      var study = Study()
      // Killed after a few turns, in the middle of a line, until it is left alone.
      for _ in 0..<4 {
        let controller = try controller(plan, executor)
        for _ in 0..<Int.random(in: 1...8, using: &random) { _ = try controller.turn() }
        // What is torn has had no consequences: trainings begin when lines are on disk.
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: sweep.journal))
        try file.seekToEnd()
        try file.write(contentsOf: journal[..<Int.random(in: 1...60, using: &random)])
      }
      study = try finish(controller(plan, executor))
      #expect(study.trials.count == 12 && study.trials.allSatisfy(\.state.isFinished))
      #expect(executor.mistakes.isEmpty, "\(executor.mistakes)")
      #expect(executor.starts.values.allSatisfy { $0 == 1 }, "\(executor.starts)")
      #expect(study.trials.map(\.assignment) == reference.trials.map(\.assignment))
    }
  }

  @Test("a trial whose choice was torn is chosen once more, with the same values")
  func tornChoice() throws {
    let plan = try plan(Self.search + "budget: {trials: 6}")
    let reference = try finish(controller(plan, executor()))
    let lines = try String(contentsOfFile: sweep.journal, encoding: .utf8)
      .split(separator: "\n", omittingEmptySubsequences: false)
    for count in 1..<12 {
      try FileManager.default.removeItem(atPath: sweep.path)
      _ = try folder.write(lines[..<count].joined(separator: "\n") + "\n", to: "sweep/journal.log")
      let executor = executor()
      let study = try finish(controller(plan, executor))
      #expect(study.trials.count == 6 && study.trials.allSatisfy { $0.state == .complete })
      #expect(study.trials.map(\.assignment) == reference.trials.map(\.assignment), "\(count)")
      #expect(executor.starts.count == 6)
    }
  }

  @Test("what fails is tried again, as often as may be; what is refused is not")
  func failures() throws {
    let plan = try plan(Self.search + "budget: {trials: 6}\nretries: 2")
    let executor = executor { training in
      switch training.trial {
      case 1: .init(failures: [70, 70])
      case 2: .init(failures: [70, 137, 70])
      case 3: .init(failures: [64])
      case 4: .init(failures: [75, 75, 75, 75])
      default: .init()
      }
    }
    var said: [String] = []
    let study = try finish(controller(plan, executor) { said.append($0) })
    let states = study.trials.map(\.state)
    #expect(states == [.complete, .complete, .failed, .failed, .complete, .complete])
    #expect((0..<6).map { executor.starts["\(sweep.trial($0)) 16"] } == [1, 3, 3, 1, 5, 1])
    #expect(study.trialAttributes[3]["failure"] == "made to fail")
    #expect(said.contains("trial 2 is given up: made to fail"))
    #expect(said.filter { $0.contains("is tried again") }.count == 4)
  }

  @Test("what is taken away again and again without getting on has failed")
  func evicted() throws {
    let plan = try plan(Self.search + "budget: {trials: 5}\nretries: 0")
    let executor = executor { training in
      .init(failures: training.trial == 2 ? Array(repeating: 75, count: 6) : [])
    }
    let study = try finish(controller(plan, executor))
    #expect(study.trials.map(\.state) == [.complete, .complete, .failed, .complete, .complete])
    #expect(
      study.trialAttributes[2]["failure"] == "made to fail, 6 times without a new checkpoint")
  }

  @Test("seeds of which each is a trial's own are none to search, and grids have an end")
  func plans() throws {
    let mistakes = [
      "parameters: {seed: {values: [1, 2]}}\nsampler: grid\nseeds_per_trial: 2",
      "parameters: {optimizer.learning_rate: {min: 0.1, max: 0.2, grid: 1000000000000}}\nsampler: grid",
      "parameters: {seed: {min: 0, max: 9223372036854775807}}\nsampler: random\nbudget: {trials: 1}",
    ]
    for text in mistakes {
      #expect(throws: TrainerError.self) { try plan(text) }
    }
  }

  @Test("trials without a journal are not taken for those of another search")
  func journalGone() throws {
    #expect(throws: Never.self) { try sweep.requireJournal() }
    _ = try folder.write("seed: 1\n", to: "sweep/trials/00000/config.yaml")
    #expect(throws: LaunchError.journalGone(sweep.path)) { try sweep.requireJournal() }
    _ = try folder.write("", to: "sweep/journal.log")
    #expect(throws: Never.self) { try sweep.requireJournal() }
  }

  @Test("who is told to end while it starts dies of that, and has not failed")
  func stopped() throws {
    let plan = try plan(Self.search + "budget: {trials: 4}\nretries: 0")
    let executor = executor { _ in .init(looks: 3, failures: [143]) }
    executor.outlivesSweep = false
    let controller = try controller(plan, executor)
    _ = try controller.turn()
    try controller.stop(atOnce: false)
    while try controller.turn(mayBegin: false) != .over {}
    #expect(controller.study.trials.count == 4)
    #expect(controller.study.trials.allSatisfy { $0.state == .running })
    // The next start knows nothing of processes of this one.
    let study = try finish(self.controller(plan, self.executor()))
    #expect(study.trials.allSatisfy { $0.state == .complete })
  }

  @Test("where all of the first trials fail, the sweep ends instead of trying all others")
  func hopeless() throws {
    let plan = try plan(Self.search + "budget: {trials: 40}\nretries: 0")
    var isBroken = true
    let executor = executor { _ in .init(failures: isBroken ? [65] : []) }
    #expect(throws: LaunchError.hopeless(sweep.path, failed: 4, reason: "made to fail")) {
      try finish(controller(plan, executor))
    }
    // Mended, it goes on with the others.
    isBroken = false
    let study = try finish(controller(plan, executor))
    #expect(study.trials.filter { $0.state == .failed }.count == 4)
    #expect(study.trials.filter { $0.state == .complete }.count == 36)
  }

  @Test("several seeds of a trial count together, by their mean")
  func seeds() throws {
    let plan = try plan(Self.search + "budget: {trials: 3}\nseeds_per_trial: 3")
    let executor = SimulatedExecutor(steps: 16) { training, _ in
      Double(training.overrides.last?.split(separator: "=").last ?? "") ?? .nan
    }
    let study = try finish(controller(plan, executor))
    #expect(executor.starts.count == 9)
    // The configuration's own seed is 1.
    #expect(study.trials.map(\.objective) == [2, 2, 2])
  }

  @Test("a scheduler that is away delays a sweep, and loses nothing")
  func away() throws {
    let plan = try plan(Self.search + "budget: {trials: 5}")
    let executor = executor()
    executor.delay = SweepDelay(reason: "slurmctld does not answer")
    var said: [String] = []
    let controller = try controller(plan, executor) { said.append($0) }
    for _ in 0..<20 { #expect(try controller.turn() == .idle) }
    #expect(said.filter { $0.contains("does not answer") }.count == 1)
    #expect(controller.study.trials.count == 4)
    executor.delay = nil
    let study = try finish(controller)
    #expect(study.trials.count == 5 && study.trials.allSatisfy { $0.state == .complete })
    #expect(executor.starts.values.allSatisfy { $0 == 1 })
  }

  @Test("a scheduler that takes fewer than there may be gets the others later")
  func crowded() throws {
    let executor = executor { training in .init(looks: 1 + training.trial % 3) }
    executor.room = 3
    let study = try finish(controller(plan(Self.halving + "budget: {trials: 20}"), executor))
    #expect(study.trials.count == 20 && study.trials.allSatisfy(\.state.isFinished))
    #expect(executor.mostJobs == 3 && executor.mistakes.isEmpty)
    #expect(executor.starts.values.allSatisfy { $0 == 1 })
  }

  @Test("a trial that is never evaluated fails, and says what to do")
  func unmeasured() throws {
    let plan = try plan(
      Self.search + "asha: {min_steps: 1, reduction: 4}\nbudget: {trials: 2}")
    let study = try finish(controller(plan, executor()))
    #expect(study.trials.map(\.state) == [.failed, .failed])
    #expect(
      study.trialAttributes[0]["failure"]
        == "no loss was measured by update 1: lower evaluation.every")
  }

  @Test("a thousand trials: each once, as the journal tells")
  func thousand() throws {
    let plan = try plan(
      Self.halving.replacing("concurrency: 4", with: "concurrency: 64")
        + "budget: {trials: 1000}")
    let executor = executor { training in .init(looks: 1 + training.trial % 7) }
    let study = try finish(controller(plan, executor))
    #expect(study.trials.count == 1000 && study.trials.allSatisfy { $0.state.isFinished })
    #expect(executor.starts.values.allSatisfy { $0 == 1 } && executor.mistakes.isEmpty)
    #expect(try StudyJournal(path: sweep.journal, writer: "another").study == study)
  }

  @Test("what a sweep of batch jobs asks of its scheduler does not grow with the number of trials")
  func load() throws {
    let parts = try ControllerBenchmark(
      trials: 300, concurrency: 32, sampler: "random", folder: folder.path
    ).run()
    #expect(parts.last?.trials == 300)
    // In four seconds, one look at all jobs and one array of new ones.
    #expect(parts.dropFirst().allSatisfy { $0.callsPerMinute <= 31 }, "\(parts)")
    #expect(parts.contains { $0.callsPerMinute > 5 && $0.events > 20 })
  }

  @Test("a sweep looks the less often, the longer nothing has happened")
  func pauses() {
    var pauses = TurnPauses(.seconds(4) ... .seconds(10))
    let turns: [SweepController.Turn] = [.idle, .idle, .idle, .idle, .moved, .idle, .idle]
    let waited = turns.map { pauses.next(after: $0) / .seconds(1) }
    #expect(waited == [4, 6, 9, 10, 4, 4, 6])
  }

  @Test("results: a table of all trials, the best one's configuration, and a page")
  func results() throws {
    let plan = try plan(Self.halving + "budget: {trials: 20}\nretries: 0")
    let executor = executor { training in
      training.trial == 3 ? .init(failures: [70]) : .init()
    }
    let study = try finish(controller(plan, executor))
    try SweepResults(plan, in: sweep).write(study)
    let rows = try folder.text(of: "sweep/trials.csv").split(separator: "\n")
    #expect(rows.count == 21)
    #expect(
      rows[0]
        == "trial,state,loss,step,optimizer.learning_rate,optimizer.name,optimizer.momentum,run,failure"
    )
    #expect(rows[4].hasPrefix("3,failed,,,") && rows[4].hasSuffix(",made to fail"))
    let best = try #require(study.best)
    let configuration = try folder.text(of: "sweep/best.yaml")
    #expect(configuration.hasPrefix("# Trial \(best.number) of the sweep in \(sweep.path): loss "))
    #expect(configuration.hasSuffix("\nseed: 1\n"))
    let page = try folder.text(of: "sweep/report.html")
    for part in ["PED-ANOVA", "trial \(best.number), loss ", "All trials", "given up"] {
      #expect(page.contains(part))
    }
    #expect(page.components(separatedBy: "class=\"attempt\"").count == 20)
  }
}
