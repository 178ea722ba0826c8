import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Trainings that are killed at random, again and again, until they end.
  @Suite("Killed at random")
  struct SoakTests {
    private let laboratory: FusionLaboratory

    init() throws { laboratory = try FusionLaboratory.shared.get() }

    /// Updates between two checkpoints.
    private static let interval = 4
    private static let overrides = [
      "checkpoint.every_steps=\(interval)", "features.cache=features-of-all", "train.max_steps=60",
    ]

    /// Ways to interrupt a training.
    enum Interruption: String, CaseIterable {
      case killRank, killRanks, killMPIRun, askMPIRun, terminateLauncher, stopRank
    }

    private func start(
      _ run: String, _ interruption: Interruption?, ranks: Int, _ overrides: [String]
    ) throws -> RunningCommand {
      let stage = ["fusion", "--config", "fusion.yaml", "--run", run]
      if interruption == .terminateLauncher {
        return try RunningCommand(
          "aver-launch", ["run", "--ranks", "\(ranks)"] + stage + overrides, in: laboratory.folder)
      }
      return try RunningCommand(
        "aver-train", ranks: ranks, stage + ["--resume", "auto"] + overrides, in: laboratory.folder)
    }

    /// Waits for a random instant of a whole run, or of its steps and checkpoints.
    private func wait(
      for job: RunningCommand, _ run: String, seconds: Double,
      by random: inout some RandomNumberGenerator
    ) {
      if Bool.random(using: &random) {
        usleep(UInt32(Double.random(in: 0.1...1.1, using: &random) * seconds * 1e6))
        return
      }
      let files = RunFiles(path: "\(laboratory.folder)/\(run)")
      let step = (files.lastStep ?? 0) + Int.random(in: 1...20, using: &random)
      while job.isRunning, files.lastStep ?? 0 < step { usleep(500) }
      usleep(UInt32.random(in: 0...20_000, using: &random))
    }

    /// Interrupts a job that may have ended meanwhile.
    private func interrupt(
      _ job: RunningCommand, _ interruption: Interruption,
      by random: inout some RandomNumberGenerator
    ) throws {
      let ranks = (try? job.ranks()) ?? []
      switch interruption {
      case .killRank: if let rank = ranks.randomElement(using: &random) { kill(rank, SIGKILL) }
      case .killRanks: for rank in ranks { kill(rank, SIGKILL) }
      case .killMPIRun: job.send(SIGKILL)
      case .askMPIRun: job.send(SIGUSR1)
      case .terminateLauncher:
        job.send(SIGTERM)
        #expect([0, 75].contains(try job.wait().status))
      case .stopRank:
        // The others wait for it, until somebody ends the job.
        if let rank = ranks.randomElement(using: &random) { kill(rank, SIGSTOP) }
        usleep(100_000)
        job.send(SIGKILL)
      }
      _ = try job.wait()
      // What mpirun has started ends a moment after it.
      while ranks.contains(where: RunningCommand.isThere) { usleep(5_000) }
    }

    /// The updates that the next start makes again.
    private func lost(_ run: String) -> Int {
      let files = RunFiles(path: "\(laboratory.folder)/\(run)")
      let names =
        (try? FileManager.default.contentsOfDirectory(atPath: "\(files.path)/checkpoints")) ?? []
      let steps = names.compactMap { $0.hasPrefix("step-") ? Int($0.dropFirst(5)) : nil }
      return (files.lastStep ?? 0) - (steps.max() ?? 0)
    }

    private func sharedMemory() throws -> Set<String> {
      Set(
        try FileManager.default.contentsOfDirectory(atPath: "/dev/shm")
          .filter { $0.hasPrefix("vader_segment") })
    }

    @Test("whatever is killed, whenever, on any number of ranks: the same results, little lost")
    func soak() throws {
      let runs = Thoroughness.isFull ? 200 : 4
      let seed = UInt64.random(in: 0...UInt64.max)
      print("soak: seed \(seed)")
      var random = SeededGenerator(seed: seed)
      try laboratory.trainOnce("soak-reference", Self.overrides)
      let reference = try laboratory.results("soak-reference")
      let before = try sharedMemory()
      let began = Date()
      try laboratory.train("soak-timed", ranks: 2, Self.overrides)
      let seconds = Date().timeIntervalSince(began)
      var interruptions: [String: Int] = [:]
      var most = [true: 0, false: 0]
      for number in 0..<runs {
        let run = "soak-\(number)"
        let inBackground = number.isMultiple(of: 2)
        let overrides = Self.overrides + ["checkpoint.background=\(inBackground)"]
        for _ in 0..<Int.random(in: 1...5, using: &random) {
          let interruption = Interruption.allCases.randomElement(using: &random) ?? .killRank
          let ranks = [1, 2, 4].randomElement(using: &random) ?? 1
          let job = try start(run, interruption, ranks: ranks, overrides)
          wait(for: job, run, seconds: seconds, by: &random)
          try interrupt(job, interruption, by: &random)
          interruptions[interruption.rawValue, default: 0] += 1
          let lost = lost(run)
          most[inBackground] = max(most[inBackground] ?? 0, lost)
          // A checkpoint that is being written is not one yet; the next waits for it.
          #expect(
            lost <= (inBackground ? 2 : 1) * Self.interval,
            "seed \(seed), run \(number): \(interruption)")
        }
        let ranks = [1, 2, 4].randomElement(using: &random) ?? 1
        let last = try start(run, nil, ranks: ranks, overrides).wait()
        try #require(
          last.status == 0, "seed \(seed), run \(number): \(last.errors)\n\(last.output)")
        #expect(try laboratory.results(run) == reference, "seed \(seed), run \(number)")
        try FileManager.default.removeItem(atPath: "\(laboratory.folder)/\(run)")
      }
      // Each start removes what killed ones have left; the last one was not killed.
      try laboratory.train("soak-last", ranks: 2, Self.overrides)
      #expect(try sharedMemory().subtracting(before).isEmpty)
      print("soak: \(runs) runs, \(interruptions), most updates lost \(most)")
    }
  }
}
