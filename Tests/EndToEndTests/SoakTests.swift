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

    /// Interrupts a job that may have ended meanwhile, and waits until nothing of it runs any more.
    private func interrupt(
      _ job: RunningCommand, _ interruption: Interruption,
      by random: inout some RandomNumberGenerator
    ) throws -> Outcome {
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
      // An mpirun one of whose ranks dies while it is being started may wait for ever at its own end.
      let patience = Date(timeIntervalSinceNow: 30)
      while job.isRunning, Date() < patience || ranks.contains(where: RunningCommand.isThere) {
        usleep(5_000)
      }
      if job.isRunning {
        print("soak: mpirun stayed after \(interruption)")
        job.send(SIGKILL)
      }
      let outcome = try job.wait()
      // What mpirun has started ends a moment after it.
      while ranks.contains(where: RunningCommand.isThere) { usleep(5_000) }
      return outcome
    }

    /// The step that a start went on from, 0 where it began afresh; nil where it came to neither.
    private func origin(of start: Outcome) -> Int? {
      let lines = start.output.split(separator: "\n")
      return lines.first { $0.hasPrefix("going on from ") }
        .flatMap { $0.split(separator: "-").last }.flatMap { Int($0) }
        ?? (lines.contains { $0.hasPrefix("step 1/") } ? 0 : nil)
    }

    /// What there is of Open MPI's jobs on this machine: shared memory and session folders.
    private func remains() throws -> Set<String> {
      let files = FileManager.default
      let temporary = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
      let sessions = try files.contentsOfDirectory(atPath: temporary)
        .filter { $0.hasPrefix("ompi.") }.flatMap { host in
          ((try? files.contentsOfDirectory(atPath: "\(temporary)/\(host)")) ?? [])
            .filter { $0.hasPrefix("pid.") }
        }
      let segments = try files.contentsOfDirectory(atPath: "/dev/shm")
        .filter { $0.hasPrefix("vader_segment") }
      return Set(segments + sessions)
    }

    /// What is in a run's folder only while a training is under way.
    private func unfinished(_ run: String) throws -> [String] {
      try FileManager.default.subpathsOfDirectory(atPath: "\(laboratory.folder)/\(run)")
        .filter { $0.contains("writing") || $0.contains("lease") }
    }

    /// What came of all runs.
    private struct Tally {
      var interruptions: [String: Int] = [:]
      /// The most updates that a start has made again, by whether checkpoints are written in the background.
      var lost = [true: 0, false: 0]
      /// The starts that told where they began.
      var starts = 0
      /// The session folders of mpiruns that were killed before any rank came to take note of them.
      var unnoted: Set<String> = []
    }

    /// Takes note of a start where another had come to `step`.
    private func take(
      _ start: Outcome, after step: Int?, inBackground: Bool, _ tally: inout Tally, _ told: Comment
    ) {
      guard let step, let origin = origin(of: start) else { return }
      tally.starts += 1
      tally.lost[inBackground] = max(tally.lost[inBackground] ?? 0, step - origin)
      // A checkpoint that is being written is not one yet; the next waits for it.
      #expect(step - origin <= (inBackground ? 2 : 1) * Self.interval, told)
    }

    /// Starts a run and interrupts it, a few times, then lets it end.
    private func disturb(
      _ run: String, seconds: Double, inBackground: Bool, _ tally: inout Tally, _ told: Comment,
      by random: inout some RandomNumberGenerator
    ) throws {
      let files = RunFiles(path: "\(laboratory.folder)/\(run)")
      let overrides = Self.overrides + ["checkpoint.background=\(inBackground)"]
      var step: Int?
      for _ in 0..<Int.random(in: 1...5, using: &random) {
        let interruption = Interruption.allCases.randomElement(using: &random) ?? .killRank
        let ranks = [1, 2, 4].randomElement(using: &random) ?? 1
        let job = try start(run, interruption, ranks: ranks, overrides)
        wait(for: job, run, seconds: seconds, by: &random)
        let end = try interrupt(job, interruption, by: &random)
        if end.output.isEmpty { tally.unnoted.insert("pid.\(job.identifier)") }
        take(end, after: step, inBackground: inBackground, &tally, told)
        tally.interruptions[interruption.rawValue, default: 0] += 1
        step = files.lastStep
      }
      let ranks = [1, 2, 4].randomElement(using: &random) ?? 1
      let end = try start(run, nil, ranks: ranks, overrides).wait()
      try #require(end.status == 0, "\(told): \(end.errors)\n\(end.output)")
      take(end, after: step, inBackground: inBackground, &tally, told)
    }

    @Test("whatever is killed, whenever, on any number of ranks: the same results, little lost")
    func soak() throws {
      let runs = Thoroughness.isFull ? 200 : 4
      let seed = UInt64.random(in: 0...UInt64.max)
      print("soak: seed \(seed)")
      var random = SeededGenerator(seed: seed)
      try laboratory.trainOnce("soak-reference", Self.overrides)
      let reference = try laboratory.results("soak-reference")
      let before = try remains()
      let began = Date()
      try laboratory.train("soak-timed", ranks: 2, Self.overrides)
      let seconds = Date().timeIntervalSince(began)
      var tally = Tally()
      for number in 0..<runs {
        let run = "soak-\(number)"
        let told: Comment = "seed \(seed), run \(number)"
        try disturb(
          run, seconds: seconds, inBackground: number.isMultiple(of: 2), &tally, told, by: &random)
        #expect(try laboratory.results(run) == reference, told)
        #expect(try unfinished(run).isEmpty, told)
        // Each start removes what killed ones have left; the last one was not killed.
        #expect(try remains().subtracting(before).subtracting(tally.unnoted).isEmpty, told)
        try FileManager.default.removeItem(atPath: "\(laboratory.folder)/\(run)")
      }
      #expect(tally.starts > 0)
      print("soak: \(runs) runs, \(tally)")
    }
  }
}
