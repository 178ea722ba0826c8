import Foundation
import Testing

extension EndToEnd {
  /// Trainings that aver-launch starts, stops and starts again.
  @Suite("Launching")
  struct LaunchTests {
    private let laboratory: Laboratory

    init() throws { laboratory = try Laboratory.shared.get() }

    private static let steps = ["train.max_steps=24"]
    /// Checkpoints that an interruption finds.
    private static let often = steps + ["checkpoint.every_steps=3"]

    private func launch(
      _ run: String, ranks: Int = 2, options: [String] = [], environment: [String: String] = [:],
      _ overrides: [String]
    ) throws -> RunningCommand {
      try RunningCommand(
        "aver-launch", environment: try laboratory.slowSteps.merging(environment) { $1 },
        ["run", "--ranks", "\(ranks)", "--run", run] + options + [
          "teacher", "--config", "tiny.yaml",
        ]
          + overrides, in: laboratory.folder)
    }

    /// The uninterrupted run that others are held against.
    private func reference() throws -> Data {
      try laboratory.trainOnce("launch-reference", Self.steps)
      return try laboratory.finalModel("launch-reference")
    }

    private func log(_ run: String) -> String {
      let path = "\(laboratory.folder)/\(run)/logs/launcher.log"
      return (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }

    /// Waits until the start of this number has made `step` steps.
    private func wait(
      _ job: RunningCommand, _ run: String, start: Int, step: Int
    ) throws -> (mpirun: Int32, ranks: [Int32]) {
      var launched: (mpirun: Int32, ranks: [Int32])?
      try job.wait {
        launched = job.launched()
        return launched != nil && laboratory.files(of: run).lastStep ?? 0 >= step
          && log(run).components(separatedBy: ": starting ").count == start + 1
      }
      return try #require(launched)
    }

    @Test("a job of which ranks are killed goes on by itself, to the same weights")
    func killedTwice() throws {
      let reference = try reference()
      let job = try launch("rank-killed", ranks: 4, Self.often)
      kill(try #require(wait(job, "rank-killed", start: 1, step: 4).ranks.last), SIGKILL)
      kill(try #require(wait(job, "rank-killed", start: 2, step: 10).ranks.first), SIGKILL)
      let outcome = try job.wait()
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(try laboratory.finalModel("rank-killed") == reference)
      #expect(laboratory.metrics("rank-killed").last?.step == 24)
      for word in ["rank 3 on ", "rank 0 on ", "(restart 1 of 10)", "(restart 2 of 10)"] {
        #expect(log("rank-killed").contains(word), "\(log("rank-killed"))")
        #expect(outcome.errors.contains(word), "\(outcome.errors)")
      }
      #expect(!log("rank-killed").contains("ranks from now on"), "it made progress")
      #expect(outcome.errors.contains("exited on signal 9"), "what mpirun says comes through")
    }

    @Test("SIGTERM leaves a checkpoint and 75, and the same command goes on to the same weights")
    func terminated() throws {
      let reference = try reference()
      let job = try launch("terminated-launch", Self.steps)
      _ = try wait(job, "terminated-launch", start: 1, step: 4)
      job.send(SIGTERM)
      let outcome = try job.wait()
      #expect(outcome.status == 75, "\(outcome.errors)")
      // No checkpoint was due yet: this one is the signal's.
      let step = try laboratory.files(of: "terminated-launch").latestCheckpoint() ?? 0
      #expect(step >= 4 && step < 24)
      let again = try launch("terminated-launch", ranks: 4, Self.steps).wait()
      #expect(again.status == 0, "\(again.errors)")
      #expect(again.errors.contains("from step \(step)"))
      #expect(try laboratory.finalModel("terminated-launch") == reference)
    }

    @Test("a signal that comes before there are ranks is not lost")
    func terminatedAtOnce() throws {
      let job = try launch("early", Self.steps)
      try job.wait { try !job.ranks().isEmpty }
      job.send(SIGUSR1)
      #expect(try job.wait().status == 75)
      #expect(!laboratory.exists("early/final/model.safetensors"))
    }

    @Test("a second SIGINT ends a job that does not answer the first one, with 130")
    func interruptedTwice() throws {
      let job = try launch("interrupted", Self.steps)
      let launched = try wait(job, "interrupted", start: 1, step: 2)
      #expect(getsid(launched.mpirun) == launched.mpirun, "a terminal's ctrl-C must not reach it")
      for rank in launched.ranks { kill(rank, SIGSTOP) }
      job.send(SIGINT)
      try job.wait { log("interrupted").contains("signal 2") }
      job.send(SIGINT)
      let outcome = try job.wait()
      #expect(outcome.status == 130, "\(outcome.errors)")
      for process in launched.ranks + [launched.mpirun] {
        #expect(!RunningCommand.isThere(process))
      }
    }

    @Test("a job whose mpirun is killed goes on by itself, and nothing of the first one stays")
    func killedStarter() throws {
      let reference = try reference()
      let job = try launch("mpirun-killed", Self.often)
      let launched = try wait(job, "mpirun-killed", start: 1, step: 4)
      let session = try #require(Self.sessionFolder(of: launched.mpirun))
      let segments = try Self.segments(ofSession: session)
      kill(launched.mpirun, SIGKILL)
      let outcome = try job.wait()
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.errors.contains("mpirun was killed by signal 9 after step"))
      #expect(try laboratory.finalModel("mpirun-killed") == reference)
      for path in segments + [session] {
        #expect(!FileManager.default.fileExists(atPath: path), "\(path)")
      }
    }

    @Test("an mpirun that stays when its ranks are gone is ended, and the job goes on")
    func staying() throws {
      let reference = try reference()
      let programs = "\(laboratory.folder)/staying-programs"
      try FileManager.default.createDirectory(atPath: programs, withIntermediateDirectories: true)
      let stays = """
        #!/bin/sh
        PATH=${PATH#*:}
        [ -e "$0.once" ] && exec mpirun "$@"
        touch "$0.once"
        mpirun "$@"
        kill -STOP $$
        """
      try Data(stays.utf8).write(to: URL(fileURLWithPath: "\(programs)/mpirun"))
      try #require(chmod("\(programs)/mpirun", 0o755) == 0)
      let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
      let outcome = try launch(
        "staying", environment: ["PATH": "\(programs):\(path)"], Self.steps
      ).wait()
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.errors.contains("mpirun does not end: it is killed"))
      #expect(try laboratory.finalModel("staying") == reference)
    }

    @Test("a job whose launcher is killed writes a checkpoint and ends")
    func killedLauncher() throws {
      let job = try launch("launcher-killed", Self.steps)
      let launched = try wait(job, "launcher-killed", start: 1, step: 4)
      job.send(SIGKILL)
      #expect(try job.wait().status == SIGKILL)
      while RunningCommand.isThere(launched.mpirun) { usleep(10_000) }
      let step = try laboratory.files(of: "launcher-killed").latestCheckpoint() ?? 0
      #expect(step >= 4 && step < 24)
    }

    @Test("a job that began at another run's checkpoint does so again before its own")
    func killedBeforeFirstCheckpoint() throws {
      let reference = try reference()
      try laboratory.trainOnce("launch-origin", Self.often + ["checkpoint.keep=100"])
      let origin = "launch-origin/checkpoints/step-00000003"
      let job = try launch(
        "begun-elsewhere", options: ["--resume", origin],
        Self.steps + ["checkpoint.every_steps=1000"])
      let launched = try wait(job, "begun-elsewhere", start: 1, step: 5)
      kill(try #require(launched.ranks.last), SIGKILL)
      let outcome = try job.wait()
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.errors.contains("(restart 1 of 10)"), "\(outcome.errors)")
      #expect(
        outcome.output.components(separatedBy: "going on from \(origin)").count == 3,
        "\(outcome.output)")
      #expect(try laboratory.finalModel("begun-elsewhere") == reference)
    }

    @Test("a wrong configuration exits 64 at once and leaves nothing")
    func wrongConfiguration() throws {
      let outcome = try launch("refused", ["batch.micr=8"]).wait()
      #expect(outcome.status == 64)
      #expect(outcome.errors.contains("did you mean 'batch.micro'?"), "\(outcome.errors)")
      #expect(!outcome.errors.contains("starting again"), "\(outcome.errors)")
      #expect(!laboratory.exists("refused"))
    }

    /// A run folder in which every start fails with 70, since its metrics cannot be written.
    private func spoil(_ run: String) throws {
      try FileManager.default.createDirectory(
        atPath: "\(laboratory.folder)/\(run)/metrics.jsonl", withIntermediateDirectories: true)
    }

    @Test("a job that fails every time is given up after three starts, with its status")
    func givenUp() throws {
      try spoil("spoiled")
      let outcome = try launch("spoiled", Self.steps).wait()
      #expect(outcome.status == 70, "\(outcome.errors)")
      #expect(log("spoiled").components(separatedBy: ": starting ").count == 4)
      #expect(log("spoiled").contains("given up: no new checkpoint in 3 starts"))
    }

    @Test("a job that is to end is not started again")
    func stoppedBetweenStarts() throws {
      try spoil("spoiled-stopped")
      let job = try launch("spoiled-stopped", options: ["--patience", "10"], Self.steps)
      try job.wait { log("spoiled-stopped").contains("starting again in 4 s") }
      job.send(SIGTERM)
      let outcome = try job.wait()
      #expect(outcome.status == 75, "\(outcome.errors)")
    }

    @Test("programs that are not there are named, with 64")
    func missingPrograms() throws {
      let outcome = try launch("nowhere", environment: ["PATH": "/nowhere"], []).wait()
      #expect(outcome.status == 64)
      #expect(outcome.errors.contains("no mpirun in any folder of PATH"), "\(outcome.errors)")
      let srun = try launch(
        "nowhere", options: ["--launcher", "srun"], environment: ["PATH": "/nowhere"], []
      ).wait()
      #expect(srun.status == 64)
      #expect(srun.errors.contains("no srun in any folder of PATH"), "\(srun.errors)")
    }

    @Test("words for mpirun reach it as they are, and what it refuses is told")
    func launcherArguments() throws {
      let options = ["--launcher-argument", "--no such option", "--max-restarts", "0"]
      let outcome = try launch("argument", options: options, []).wait()
      #expect(outcome.status != 0)
      #expect(outcome.errors.contains("--no such option"), "\(outcome.errors)")
    }
  }
}

extension EndToEnd.LaunchTests {
  /// Where Open MPI keeps what belongs to a job.
  fileprivate static func sessionFolder(of mpirun: Int32) -> String? {
    let files = FileManager.default
    let temporary = files.temporaryDirectory.path
    return ((try? files.contentsOfDirectory(atPath: temporary)) ?? [])
      .filter { $0.hasPrefix("ompi.") }.map { "\(temporary)/\($0)/pid.\(mpirun)" }
      .first(where: files.fileExists(atPath:))
  }

  /// The shared memory of a job's ranks; there has to be some.
  fileprivate static func segments(ofSession folder: String) throws -> [String] {
    let contact = try String(contentsOfFile: "\(folder)/contact.txt", encoding: .utf8)
    let job = try #require(contact.split(separator: ".").first.flatMap { UInt32($0) })
    let number = String(job + 1, radix: 16)
    let segments = try FileManager.default.contentsOfDirectory(atPath: "/dev/shm")
      .filter { $0.contains(".\(number).") }.map { "/dev/shm/\($0)" }
    try #require(!segments.isEmpty)
    return segments
  }
}
