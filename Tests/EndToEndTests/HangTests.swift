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

    /// Where it happens: which call of which function, among those of a whole training.
    struct Fault: CustomStringConvertible {
      var function: String
      var action: Action
      var number: Int
      var rank: Int
      var areNodesOfOne: Bool

      var description: String {
        "rank \(rank): \(function) \(action) \(number)" + (areNodesOfOne ? ", in messages" : "")
      }
    }

    /// Steps, evaluations and checkpoints, and limits within a test's patience.
    private static let overrides = [
      "train.max_steps=6", "evaluation.every=3 steps", "checkpoint.every_steps=2",
      "watchdog.warn_seconds=2", "watchdog.stop_seconds=8",
    ]
    /// Limit, what a rank leaves rank 0, what MPI has for ending a job, and a machine with other work.
    private static let longest = 60.0

    private func train(
      _ run: String, ranks: Int, _ environment: [String: String]
    ) throws -> (outcome: Outcome, seconds: Double) {
      let start = ContinuousClock.now
      let outcome = try RunningCommand(
        "aver-train", ranks: ranks,
        environment: environment.merging(["LD_PRELOAD": library]) { $1 },
        ["teacher", "--config", "tiny.yaml", "--run", run, "--resume", "never"] + Self.overrides,
        in: laboratory.folder
      ).wait()
      return (outcome, start.duration(to: .now) / .seconds(1))
    }

    /// How often a rank calls each function in a whole training.
    private func counts(ranks: Int, rank: Int, areNodesOfOne: Bool) throws -> [String: Int] {
      let name = "calls-\(ranks)-\(rank)-\(areNodesOfOne)"
      let file = "\(laboratory.folder)/\(name).txt"
      try laboratory.once(name) {
        let (outcome, _) = try train(
          name, ranks: ranks,
          environment(areNodesOfOne, rank: rank).merging(["AVER_CALL_COUNTS": file]) { $1 })
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
      ["AVER_CALL_FAULT_RANK": "\(rank)"]
        .merging(areNodesOfOne ? ["AVER_NODES_OF_ONE": "1"] : [:]) { $1 }
    }

    @Test(
      "whichever call of whichever rank is its last, stops it or fails, the job ends and says so")
    func anywhere() throws {
      let seed = propertySeed("HangTests")
      var random = SeededGenerator(seed: seed)
      for trial in 0..<(Thoroughness.isFull ? 50 : 8) {
        let ranks = trial % 4 == 3 ? 4 : 2
        let rank = Int.random(in: 0..<ranks, using: &random)
        let areNodesOfOne = Bool.random(using: &random)
        let counts = try counts(ranks: ranks, rank: rank, areNodesOfOne: areNodesOfOne)
        let called = counts.filter { $0.value > 0 }.keys.sorted()
        let function = try #require(called.randomElement(using: &random))
        let fault = Fault(
          function: function,
          action: try #require(Action.allCases.randomElement(using: &random)),
          number: Int.random(in: 1...(counts[function] ?? 1), using: &random), rank: rank,
          areNodesOfOne: areNodesOfOne)
        try expectEnd(of: fault, ranks: ranks, run: "hang-\(trial)", note: "seed \(seed), \(fault)")
      }
    }

    private func expectEnd(of fault: Fault, ranks: Int, run: String, note: String) throws {
      let setting = "\(fault.function) \(fault.action) \(fault.number)"
      let (outcome, seconds) = try train(
        run, ranks: ranks,
        environment(fault.areNodesOfOne, rank: fault.rank)
          .merging(["AVER_CALL_FAULT": setting]) { $1 })
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
      case .fail where fault.function == "open":
        // All ranks learn of a picture that cannot be read, and go on without it or leave together.
        #expect([0, 65].contains(outcome.status), "\(told)")
      case .fail:
        #expect(outcome.status == 70, "\(told)")
        let line = try #require(
          outcome.ownErrors.split(separator: "\n").last { $0.hasPrefix("aver-train: ") }, "\(told)")
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
