import Foundation
import Testing

extension EndToEnd {
  /// What file systems do to a training.
  @Suite("Faults of file systems")
  struct FaultTests {
    private let laboratory: FusionLaboratory
    private let faults: FaultInjection

    init() throws {
      laboratory = try FusionLaboratory.shared.get()
      faults = try FaultInjection(in: laboratory.folder)
    }

    /// Three checkpoints on the way.
    private static let overrides = [
      "checkpoint.every_steps=8", "checkpoint.keep=1", "features.cache=features-of-all",
    ]
    private static let checkpoints = "/checkpoints"

    private func reference() throws -> [String: Data] {
      try laboratory.trainOnce("untouched", Self.overrides)
      return try laboratory.results("untouched")
    }

    private func train(
      _ run: String, ranks: Int? = nil, environment: [String: String], _ overrides: [String] = []
    ) throws -> Outcome {
      try RunningCommand(
        "aver-train", ranks: ranks, environment: environment,
        ["fusion", "--config", "fusion.yaml", "--run", run, "--resume", "auto"]
          + Self.overrides + overrides, in: laboratory.folder
      ).wait()
    }

    /// The calls on checkpoints that a training makes, as lines.
    ///
    /// - Parameters:
    ///   - ranks: nil for one process without mpirun.
    ///   - rank: the one whose calls they are; nil for those of all.
    private func calls(ranks: Int?, of rank: Int? = nil) throws -> [String] {
      let name = "calls-\(ranks ?? 1)-\(rank.map(String.init) ?? "all")"
      let log = "\(laboratory.folder)/\(name).txt"
      let outcome = try train(
        name, ranks: ranks,
        environment: faults.environment(
          .kill, calls: 0...0, on: Self.checkpoints, rank: rank, log: log))
      try #require(outcome.status == 0, "\(outcome.errors)")
      let text = try String(contentsOfFile: log, encoding: .utf8)
      return text.split(separator: "\n").map(String.init)
    }

    @Test("killed before any call of a checkpoint's writing, a run goes on to the same results")
    func killedAnywhere() throws {
      let reference = try reference()
      let calls = try calls(ranks: nil)
      // Three checkpoints: folder, files, pieces, their syncs, renaming, marker, and two removals.
      try #require(calls.count > 80, "\(calls)")
      for number in Thoroughness.some(6, of: 1...calls.count) {
        let run = "killed-at-\(number)"
        let environment = faults.environment(
          .kill, calls: number...number, on: Self.checkpoints)
        let killed = try train(run, environment: environment)
        try #require(killed.status == SIGKILL, "\(number), \(calls[number - 1]): \(killed.status)")
        let resumed = try train(run, ranks: 2, environment: [:])
        try #require(resumed.status == 0, "\(number), \(calls[number - 1]): \(resumed.errors)")
        #expect(
          try laboratory.results(run) == reference, "before call \(number), \(calls[number - 1])")
        // What is whole is found, renamed or not.
        let hasCheckpoint = calls[..<(number - 1)].contains {
          $0.hasPrefix("write ") && $0.hasSuffix("manifest.json")
        }
        #expect(
          resumed.output.contains("going on from") == hasCheckpoint,
          "\(number): \(resumed.output)")
        try FileManager.default.removeItem(atPath: "\(laboratory.folder)/\(run)")
      }
    }

    @Test(
      "one of two ranks that write a checkpoint together is killed before any of its calls",
      arguments: [0, 1])
    func oneOfTwoKilled(rank: Int) throws {
      let reference = try reference()
      let calls = try calls(ranks: 2, of: rank)
      // Three checkpoints: the pieces of a rank; rank 0 makes folder, manifest and marker, too.
      try #require(calls.count > (rank == 0 ? 60 : 3), "\(calls)")
      for number in Thoroughness.some(2, of: 1...calls.count) {
        let run = "rank-\(rank)-killed-at-\(number)"
        let killed = try train(
          run, ranks: 2,
          environment: faults.environment(
            .kill, calls: number...number, on: Self.checkpoints, rank: rank))
        try #require(killed.status != 0, "\(number), \(calls[number - 1])")
        let resumed = try train(run, ranks: 1, environment: [:])
        try #require(resumed.status == 0, "\(number), \(calls[number - 1]): \(resumed.errors)")
        #expect(
          try laboratory.results(run) == reference, "before call \(number), \(calls[number - 1])")
        try FileManager.default.removeItem(atPath: "\(laboratory.folder)/\(run)")
      }
    }

    @Test("a disk that is full for a while costs checkpoints, and not the training or its results")
    func fullForAWhile() throws {
      let reference = try reference()
      // Each rank counts its own calls: those of one checkpoint, or another rank's failures in earlier ones
      // would decide which of them fails here, and the last has to be left in peace.
      let first = "step-00000008"
      let ofOne = try calls(ranks: 2).filter { $0.contains(first) }.count / 2
      for number in Thoroughness.some(3, of: 2...ofOne) {
        let run = "full-at-\(number)"
        let environment = faults.environment(
          .error(ENOSPC), calls: number...(number + 3), on: first)
        let outcome = try train(run, ranks: 2, environment: environment)
        try #require(outcome.status == 0, "\(number): \(outcome.errors)\n\(outcome.output)")
        #expect(try laboratory.results(run) == reference, "\(number)")
        let verified = try laboratory.run("aver", ["verify", run])
        #expect(verified.status == 0, "\(number): \(verified.output)")
        try FileManager.default.removeItem(atPath: "\(laboratory.folder)/\(run)")
      }
    }

    @Test("with checkpoint.on_error=fail a full disk ends the run; it goes on when there is room")
    func failing() throws {
      let reference = try reference()
      let calls = try calls(ranks: nil)
      let second = try #require(calls.firstIndex { $0.contains(".writing-step-00000016") }) + 1
      let environment = faults.environment(
        .error(ENOSPC), calls: second + 8...second + 8, on: Self.checkpoints)
      let failed = try train("failing", environment: environment, ["checkpoint.on_error=fail"])
      #expect(failed.status == 70)
      #expect(
        failed.errors.contains("the checkpoint after step 16 could not be written: ")
          && failed.errors.contains("No space left on device"), "\(failed.errors)")
      let resumed = try train("failing", environment: [:], ["checkpoint.on_error=warn"])
      #expect(resumed.status == 0, "\(resumed.errors)")
      #expect(resumed.output.contains("going on from failing/checkpoints/step-00000008"))
      #expect(resumed.output.contains("since the checkpoint, checkpoint.on_error: fail -> warn"))
      #expect(try laboratory.results("failing") == reference)
    }

    @Test("where writing a checkpoint takes longer than the steps to the next, the training waits")
    func slow() throws {
      let reference = try reference()
      let environment = faults.environment(
        .sleep(microseconds: 50_000), calls: 1...10_000, on: Self.checkpoints)
      let outcome = try train("slow", ranks: 2, environment: environment)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.output.contains("writing one takes longer than checkpoint.every_steps"))
      #expect(try laboratory.results("slow") == reference)
    }

    @Test("a run folder that is removed under a training comes back with the next checkpoint")
    func removed() throws {
      let reference = try reference()
      let job = try RunningCommand(
        "aver-train", ranks: 2,
        environment: faults.environment(
          .sleep(microseconds: 5_000), calls: 1...10_000, on: Self.checkpoints),
        ["fusion", "--config", "fusion.yaml", "--run", "removed"] + Self.overrides,
        in: laboratory.folder)
      let files = RunFiles(path: "\(laboratory.folder)/removed")
      try files.wait(forStep: 9, job)
      try FileManager.default.removeItem(atPath: "\(files.path)/checkpoints")
      let outcome = try job.wait()
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(try laboratory.results("removed") == reference)
      #expect(try files.latestCheckpoint() == 30)
    }

    @Test("a full and a read-only file system: the training goes on, the last checkpoint stays")
    func realFileSystem() throws {
      let laboratory = try Laboratory.shared.get()
      let folder = "\(laboratory.folder)/small-disk"
      guard let disk = try SmallDisk(at: folder, size: "190m") else { return }
      defer { disk.unmount() }
      let steps = [
        "model.name=resnet18", "checkpoint.every_steps=3", "checkpoint.keep=1",
        "evaluation.every=20 epochs",
      ]
      try laboratory.trainOnce("on-large-disk", steps)
      // Room for the first checkpoint of 128 MiB, and not for the next beside it.
      let full = try laboratory.start("small-disk/run", ranks: 2, steps).wait()
      #expect(full.status == 70)
      #expect(
        full.output.contains("warning: the checkpoint after step 6 could not be written")
          && full.output.contains("step 12/12"), "\(full.output)")
      #expect(
        full.errors.contains("the checkpoint after step 12 could not be written")
          && full.errors.contains("No space left on device"), "\(full.errors)")
      #expect(try laboratory.run("aver", ["verify", "small-disk/run"]).status == 0)

      // A disk that takes no writes any more is said before a step is made.
      #expect(disk.remount("ro"))
      let readOnly = try laboratory.start("small-disk/run", resume: "auto", steps).wait()
      #expect(readOnly.status == 64 && readOnly.errors.contains("Read-only"), "\(readOnly.errors)")

      #expect(disk.remount("rw,size=1g"))
      let resumed = try laboratory.start("small-disk/run", resume: "auto", steps).wait()
      #expect(resumed.status == 0, "\(resumed.errors)")
      #expect(resumed.output.contains("going on from small-disk/run/checkpoints/step-00000003"))
      #expect(
        try laboratory.finalModel("small-disk/run") == laboratory.finalModel("on-large-disk"))
    }
  }
}
