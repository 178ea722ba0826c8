import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// One rank is killed, stops or fails: the job ends, in time and with its cause.
  @Suite("No job hangs")
  struct HangTests {
    private let laboratory: Laboratory
    private let library: String

    init() throws {
      laboratory = try Laboratory.shared.get()
      library = try FaultInjection.compile("calls", in: laboratory.folder)
    }

    /// What happens to a rank.
    enum Action: String, CaseIterable {
      case kill, stop, hang, fail
    }

    /// What the rank is about then.
    enum Phase: String, CaseIterable {
      case start, data, forward, reduction, agreement, checkpoint, evaluation

      /// Whether it is a call on a file, which all ranks learn of.
      var isAboutFiles: Bool { [.data, .checkpoint, .evaluation].contains(self) }
    }

    /// Where it happens: in which call, among those of the phase in a whole training.
    struct Fault: CustomStringConvertible {
      var phase: Phase
      var action: Action
      var number: Int
      var rank: Int
      var areNodesOfOne: Bool
      /// Gradients travel as bfloat16, and checkpoints gather what that leaves out.
      var isRounded: Bool

      var description: String {
        "rank \(rank): \(phase) \(action) \(number)" + (areNodesOfOne ? ", in messages" : "")
          + (isRounded ? ", as bfloat16" : "")
      }
    }

    /// Steps, evaluations and checkpoints, and limits within a test's patience.
    private static let overrides = [
      "train.max_steps=6", "evaluation.every=3 steps", "checkpoint.every_steps=2",
      "watchdog.warn_seconds=2", "watchdog.stop_seconds=8",
    ]
    private static let rounded = ["communication.wire=bfloat16", "communication.groups=2"]
    /// Limit, what a rank leaves rank 0, what MPI has for ending a job, and a machine with other work.
    private static let longest = 60.0

    private func train(
      _ run: String, ranks: Int, _ environment: [String: String], _ overrides: [String] = []
    ) throws -> (outcome: Outcome, seconds: Double) {
      let start = ContinuousClock.now
      let outcome = try RunningCommand(
        "aver-train", ranks: ranks,
        environment: environment.merging(["LD_PRELOAD": library]) { $1 },
        ["teacher", "--config", "tiny.yaml", "--run", run, "--resume", "never"] + Self.overrides
          + overrides,
        in: laboratory.folder
      ).wait()
      return (outcome, start.duration(to: .now) / .seconds(1))
    }

    /// How often a rank makes calls of each phase in a whole training.
    private func counts(
      ranks: Int, rank: Int, areNodesOfOne: Bool, isRounded: Bool = false
    ) throws -> [String: Int] {
      let name = "calls-\(ranks)-\(rank)-\(areNodesOfOne)-\(isRounded)"
      let file = "\(laboratory.folder)/\(name).txt"
      try laboratory.once(name) {
        let (outcome, _) = try train(
          name, ranks: ranks,
          environment(areNodesOfOne, rank: rank).merging(["AVER_CALL_COUNTS": file]) { $1 },
          isRounded ? Self.rounded : [])
        try #require(outcome.status == 0, "\(outcome.errors)")
      }
      let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
      return Dictionary(
        uniqueKeysWithValues: lines.map { line in
          let words = line.split(separator: " ")
          return (String(words[0]), Int(words[1]) ?? 0)
        })
    }

    private func environment(_ areNodesOfOne: Bool, rank: Int) -> [String: String] {
      [
        "AVER_CALL_FAULT_RANK": "\(rank)",
        "AVER_FIRST_EVALUATED": "\(Laboratory.trainedFaces)",
      ].merging(areNodesOfOne ? ["AVER_NODES_OF_ONE": "1"] : [:]) { $1 }
    }

    @Test("whatever kills, stops or fails a rank in whichever phase, the job ends and says so")
    func anywhere() throws {
      let seed = propertySeed("HangTests")
      var random = SeededGenerator(seed: seed)
      let all = Phase.allCases.flatMap { phase in Action.allCases.map { (phase, $0) } }
      let trials = Thoroughness.isFull ? all + all.shuffled(using: &random).prefix(22) : all
      for (trial, (phase, action)) in trials.shuffled(using: &random)
        .prefix(Thoroughness.isFull ? 50 : 10).enumerated()
      {
        let ranks = trial % 4 == 3 ? 4 : 2
        let rank = Int.random(in: 0..<ranks, using: &random)
        // In shared memory no call of a library sums gradients.
        let areNodesOfOne = phase == .reduction || Bool.random(using: &random)
        let isRounded = Bool.random(using: &random)
        let calls = try counts(
          ranks: ranks, rank: rank, areNodesOfOne: areNodesOfOne, isRounded: isRounded)
        let count = try #require(calls[phase.rawValue])
        try #require(count > 0, "\(phase): \(calls)")
        let fault = Fault(
          phase: phase, action: action, number: Int.random(in: 1...count, using: &random),
          rank: rank, areNodesOfOne: areNodesOfOne, isRounded: isRounded)
        try expectEnd(of: fault, ranks: ranks, run: "hang-\(trial)", note: "seed \(seed), \(fault)")
      }
    }

    @Test("where all ranks fail at once, one of them is told of, and the job ends")
    func together() throws {
      let kernels = try #require(counts(ranks: 4, rank: 0, areNodesOfOne: false)["forward"])
      // Half of them: within the training, after all that ranks do alike at its start.
      let (outcome, seconds) = try train(
        "all-fail", ranks: 4,
        ["AVER_CALL_FAULT": "forward fail \(kernels / 2)", "AVER_CALL_FAULT_RANK": "all"])
      #expect(outcome.status == 70 && seconds < Self.longest)
      let lines = outcome.errors.split(separator: "\n").filter { $0.hasPrefix("aver-train: ") }
      #expect(lines.count == 1 && lines[0].hasPrefix("aver-train: rank "), "\(lines)")
      let reports = try FileManager.default.contentsOfDirectory(
        atPath: "\(laboratory.folder)/all-fail/crash")
      #expect(reports.contains { $0.hasSuffix(".json") })
    }

    @Test("where mpirun itself is stopped, ranks that hang leave all the same")
    func stoppedLauncher() throws {
      let command = try RunningCommand(
        "aver-train", ranks: 2,
        ["teacher", "--config", "tiny.yaml", "--run", "mpirun-stopped"] + Self.overrides
          + ["train.max_steps=100000"], in: laboratory.folder)
      try RunFiles(path: "\(laboratory.folder)/mpirun-stopped").wait(forStep: 1, command)
      let ranks = try command.ranks()
      #expect(ranks.count == 2)
      command.send(SIGSTOP)
      defer {
        ranks.forEach { kill($0, SIGKILL) }
        command.send(SIGCONT)
        _ = try? command.wait()
      }
      kill(ranks[1], SIGSTOP)
      let start = ContinuousClock.now
      while RunningCommand.isThere(ranks[0]), start.duration(to: .now) < .seconds(Self.longest) {
        usleep(100_000)
      }
      #expect(!RunningCommand.isThere(ranks[0]), "it still waits for the other one")
    }

    private func expectEnd(of fault: Fault, ranks: Int, run: String, note: String) throws {
      let setting = "\(fault.phase) \(fault.action) \(fault.number)"
      let (outcome, seconds) = try train(
        run, ranks: ranks,
        environment(fault.areNodesOfOne, rank: fault.rank)
          .merging(["AVER_CALL_FAULT": setting]) { $1 },
        fault.isRounded ? Self.rounded : [])
      let told =
        "\(note), \(outcome.status) after \(seconds) s:\n\(outcome.output)\(outcome.errors)"
      #expect(seconds < Self.longest, "\(told)")
      let folder = "\(laboratory.folder)/\(run)"
      switch fault.action {
      case .kill:
        #expect(outcome.status == 137, "\(told)")
        #expect(outcome.errors.contains("process rank \(fault.rank)"), "\(told)")
      case .stop, .hang:
        #expect(outcome.status == 69, "\(told)")
        // Before ranks watch each other nobody knows which one is missing.
        let isEarly = outcome.errors.contains("has waited in the start of MPI")
        let isNamed =
          outcome.errors.contains("  rank \(fault.rank) on ")
          && outcome.errors.contains("no sign of life") == (fault.action == .stop)
        // Who hangs within a call has come to it.
        let hasCome = fault.action == .hang && outcome.errors.contains("ranks have come to")
        #expect(isNamed || isEarly || hasCome, "\(told)")
      case .fail where fault.phase.isAboutFiles:
        // All ranks learn of it. A picture is left out, or the run ends as one with bad data; without a checkpoint the
        // training goes on, but not past its end.
        let refusal: Int32 = fault.phase == .checkpoint ? 70 : 65
        #expect([0, refusal].contains(outcome.status), "\(told)")
      case .fail where fault.phase == .forward && outcome.status == 0:
        // Kernels also copy weights for files that a training goes on without, and says so.
        #expect(
          outcome.output.contains("warning: ") && outcome.output.contains("runtime error"),
          "\(told)")
      case .fail:
        #expect(outcome.status == 70, "\(told)")
        let line = try #require(
          outcome.errors.split(separator: "\n").last { $0.hasPrefix("aver-train: ") }, "\(told)")
        // Before MPI has started there is no rank, and what rank 0 does for all fails for all of them.
        guard line.hasPrefix("aver-train: rank ") else { break }
        #expect(line.hasPrefix("aver-train: rank \(fault.rank) on "), "\(told)")
        let report = "\(folder)/crash/rank-000\(fault.rank).json"
        // Before there is a run folder there is nowhere to write to.
        #expect(
          FileManager.default.fileExists(atPath: report) || line.contains("starting up"), "\(told)")
      }
      try? FileManager.default.removeItem(atPath: folder)
    }
  }
}
