import Foundation
import Testing

/// Runs of the built executables, one after the other: each of them takes all cores.
@Suite("End to end", .serialized, .removingRuns)
enum EndToEnd {}

extension EndToEnd {
  /// Whole trainings under mpirun.
  @Suite("Training")
  struct TrainingTests {
    private let laboratory: Laboratory

    init() throws { laboratory = try Laboratory.shared.get() }

    /// Checkpoints that an interruption finds.
    private let often = ["checkpoint.every_steps=3"]

    /// The uninterrupted run that others are held against.
    private func reference() throws -> Data {
      try laboratory.trainOnce("reference")
      return try laboratory.finalModel("reference")
    }

    @Test("weights are the same bit by bit for 1, 2 and 4 ranks, differ with the seed, and learn")
    func anyNumberOfRanks() throws {
      let reference = try reference()
      for ranks in [2, 4] {
        try laboratory.train("ranks-\(ranks)", ranks: ranks)
        #expect(try laboratory.finalModel("ranks-\(ranks)") == reference, "\(ranks) ranks")
      }
      try laboratory.train("seed", ranks: 2, ["seed=6"])
      #expect(try laboratory.finalModel("seed") != reference)
      try laboratory.train(
        "learning", ranks: 2, ["optimizer.learning_rate=0.003", "train.max_steps=60"])
      let losses = laboratory.metrics("learning").filter { $0.split == "training" }.map(\.loss)
      #expect(losses.count == 60)
      let (first, last) = (losses.prefix(5).reduce(0, +), losses.suffix(5).reduce(0, +))
      #expect(last < 0.8 * first, "\(losses)")
    }

    @Test(
      "class weights, balanced sampling and mixed samples are the same for any number of ranks, too",
      arguments: [
        ("loss", ["augmentation.mixup=0.4", "augmentation.cutmix=1"]),
        ("sampling", ["augmentation.crop_scale=[0.5, 1]", "augmentation.brightness=0.3"]),
      ])
    func balancing(_ balance: String, _ data: [String]) throws {
      let overrides =
        ["data.balance=\(balance)", "train.max_steps=4", "optimizer.name=sgd"]
        + data.map { "data.\($0)" }
      try laboratory.train("\(balance)-1", overrides)
      try laboratory.train("\(balance)-4", ranks: 4, overrides)
      #expect(
        try laboratory.finalModel("\(balance)-1") == laboratory.finalModel("\(balance)-4"))
    }

    @Test("a rank has the threads that it was given, and those that decode give way")
    func threads() throws {
      var others: [Int] = []
      for count in [1, 2] {
        let run = "threads-\(count)"
        // 20 steps an epoch: evaluation, which has decoding threads of its own, is far away.
        let job = try laboratory.start(
          run, ranks: 1, slowly: true,
          ["threads=\(count)", "data.workers=3", "batch.global=8"])
        try laboratory.wait(for: run, step: 2, job)
        let threads = try job.threads(of: try #require(try job.ranks().first))
        job.send(SIGUSR1)
        #expect(try job.wait().status == 75)
        let niceness = try #require(threads.first { $0.name == "aver-train" }).niceness
        let decoding = threads.filter { $0.name == "aver-data" }
        #expect(decoding.map(\.niceness) == Array(repeating: min(19, niceness + 10), count: 3))
        others.append(threads.count - decoding.count)
      }
      // The first thread, the one for signals and MPI's are the same in both.
      #expect(others[1] == others[0] + 1)
    }

    @Test("a run that pauses where it is told to goes on to the weights of one that never did")
    func paused() throws {
      try laboratory.trainOnce("reference")
      let pause = ["--stop-after", "5"]
      for ranks in [2, 1] {
        // The second start finds nothing to do.
        let outcome = try laboratory.start("paused", ranks: ranks, resume: "auto", pause).wait()
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("paused after step 5, checkpoint saved (--stop-after)"))
        #expect(try laboratory.files(of: "paused").latestCheckpoint() == 5)
        #expect(!laboratory.exists("paused/final"))
      }
      let rest = try laboratory.start("paused", resume: "auto", ["--stop-after", "9000"]).wait()
      #expect(rest.status == 0 && !rest.output.contains("paused after"), "\(rest.output)")
      #expect(try laboratory.finalModel("paused") == laboratory.finalModel("reference"))
    }

    @Test("slow kernels are warned of, once")
    func slowKernels() throws {
      let outcome = try laboratory.run(
        "aver-train", ranks: 2, environment: ["DNNL_MAX_CPU_ISA": "SSE41"],
        [
          "teacher", "--config", "tiny.yaml", "--run", "slow", "train.max_steps=2",
          "batch.global=16",
        ])
      #expect(outcome.status == 0, "\(outcome.errors)")
      let parts = outcome.output.components(
        separatedBy: "kernels have no AVX2: training takes 2 to 4")
      #expect(parts.count == 2, "\(outcome.output)")
    }

    @Test("what dropout and stochastic depth drop is the same for any number of ranks")
    func randomDrops() throws {
      let overrides = ["model.name=efficientnet_b0", "train.max_steps=2"]
      try laboratory.train("drops-1", overrides)
      try laboratory.train("drops-4", ranks: 4, overrides)
      #expect(try laboratory.finalModel("drops-1") == laboratory.finalModel("drops-4"))
    }

    @Test("three heads on labelled faces and triplets: the same for any number of ranks and a stop")
    func threeHeads() throws {
      let overrides = [
        "triplets.root=corpus/fec", "triplets.per_micro_batch=1", "loss.concordance=1",
        "loss.squared_error=0.5", "data.augmentation.mixup=0.3", "train.max_steps=9",
        "checkpoint.every_steps=2",
      ]
      try laboratory.train("heads-1", overrides)
      try laboratory.trainKilled("heads-4", atStep: 5, overrides)
      #expect(try laboratory.finalModel("heads-1") == laboratory.finalModel("heads-4"))

      let evaluation = try laboratory.run("aver", ranks: 2, ["evaluate", "heads-1", "--json"])
      #expect(evaluation.status == 0, "\(evaluation.errors)")
      for part in ["\"triplets\":{", "\"valence\":{", "\"arousal\":{"] {
        #expect(evaluation.output.contains(part))
      }
    }

    @Test(
      "in bfloat16, too, any number of ranks and a stop give the same weights",
      .enabled(if: Laboratory.processorHas("avx512bw"), "the kernels need AVX-512"))
    func bfloat16() throws {
      let overrides = ["precision=bf16", "train.max_steps=9", "checkpoint.every_steps=2"]
      try laboratory.train("bf16-1", overrides)
      try laboratory.trainKilled("bf16-4", atStep: 4, overrides)
      #expect(try laboratory.finalModel("bf16-1") == laboratory.finalModel("bf16-4"))
      _ = try reference()
      let first = laboratory.metrics("bf16-1").first?.loss
      #expect(first != nil && first != laboratory.metrics("reference").first?.loss)
    }

    @Test("with two kernel threads a rank, too, any number of ranks gives the same weights")
    func kernelThreads() throws {
      let overrides = ["threads=2", "train.max_steps=3"]
      try laboratory.train("two-threads-1", overrides)
      try laboratory.train("two-threads-2", ranks: 2, overrides)
      #expect(try laboratory.finalModel("two-threads-1") == laboratory.finalModel("two-threads-2"))
    }

    @Test(
      "a rank that is killed or faults ends the job, and the run goes on to the same weights",
      arguments: [SIGKILL, SIGSEGV])
    func killed(signal: Int32) throws {
      let run = "killed-\(signal)"
      let reference = try reference()
      let job = try laboratory.start(run, ranks: 4, slowly: true, often)
      try laboratory.wait(for: run, step: 5, job)
      kill(try #require(try job.ranks().last), signal)
      #expect(try job.wait().status == 128 + signal)
      try laboratory.train(run, ranks: 2, resume: "auto")
      #expect(try laboratory.finalModel(run) == reference)
      // No line is missing, and none is there twice.
      #expect(laboratory.metrics(run).map(\.step) == laboratory.metrics("reference").map(\.step))
    }

    @Test("SIGUSR1 to mpirun leaves a checkpoint and 75, and the run goes on to the same weights")
    func preempted() throws {
      let reference = try reference()
      let job = try laboratory.start("preempted", ranks: 2, slowly: true)
      try laboratory.wait(for: "preempted", step: 4, job)
      job.send(SIGUSR1)
      let outcome = try job.wait()
      #expect(outcome.status == 75)
      #expect(outcome.output.contains("--resume auto"))
      // No checkpoint was due yet: this one is the signal's.
      let marker = "\(laboratory.folder)/preempted/checkpoints/latest"
      #expect(try String(contentsOfFile: marker, encoding: .utf8).hasPrefix("step-"))
      #expect(outcome.output.contains("stopped after step"))
      let resumed = try laboratory.start("preempted", resume: "auto").wait()
      #expect(resumed.status == 0, "\(resumed.errors)")
      #expect(resumed.output.contains("going on from preempted/checkpoints/step-"))
      #expect(try laboratory.finalModel("preempted") == reference)
    }

    @Test("SIGTERM to a rank means the same, a second one ends it at once with 130")
    func terminated() throws {
      let job = try laboratory.start("terminated", slowly: true, often)
      try laboratory.wait(for: "terminated", step: 2, job)
      job.send(SIGTERM)
      #expect(try job.wait().status == 75)
      let impatient = try laboratory.start("terminated", resume: "auto", slowly: true)
      try laboratory.wait(for: "terminated", step: 5, impatient)
      impatient.send(SIGTERM)
      impatient.send(SIGINT)
      #expect(try impatient.wait().status == 130)
    }

    @Test("a time limit, and the end that Slurm tells, stop a run in time, with a checkpoint")
    func timeLimit() throws {
      let reference = try reference()
      // Five seconds and more are kept free for the way out: no time for a step.
      let teacher = ["teacher", "--config", "tiny.yaml", "--run", "limited", "--resume", "auto"]
      let hopeless = try laboratory.run(
        "aver-train", ranks: 2, teacher + ["--time-limit", "0:05"])
      #expect(hopeless.status == 64 && hopeless.errors.contains("5 s leave no time for a step"))
      // What a scheduler has left may be more next time, as may what is left of a limit.
      let end = "\(Int(Date().timeIntervalSince1970) + 5)"
      for (options, environment) in [
        ([], ["SLURM_JOB_END_TIME": end]), (["--time-limit", "0:05"], [:]),
      ] {
        let stopped = try laboratory.run(
          "aver-train", ranks: 2, environment: environment, teacher + options)
        #expect(stopped.status == 75, "\(stopped.errors)")
        #expect(stopped.output.contains("warning: no step was made"))
        #expect(stopped.output.contains("stopped after step 0, checkpoint saved"))
        let log = try String(
          contentsOfFile: "\(laboratory.folder)/limited/logs/rank-0000.log", encoding: .utf8)
        #expect(log.contains("stopped after step 0, because of the time limit"))
      }
      try laboratory.train("limited", resume: "auto")
      #expect(try laboratory.finalModel("limited") == reference)
      let refused = try laboratory.run(
        "aver-train", ["teacher", "--config", "tiny.yaml", "--time-limit", "soon"])
      #expect(refused.status == 64 && refused.errors.contains("--time-limit"))
    }

    @Test("a broken checkpoint is set aside, and an older one leads to the same weights")
    func brokenCheckpoint() throws {
      let reference = try reference()
      let job = try laboratory.start("broken", slowly: true, often)
      try laboratory.wait(for: "broken", step: 8, job)
      job.send(SIGTERM)
      #expect(try job.wait().status == 75)
      let checkpoints = "\(laboratory.folder)/broken/checkpoints"
      let newest = try String(contentsOfFile: "\(checkpoints)/latest", encoding: .utf8)
        .trimmingCharacters(in: .newlines)
      let model = URL(fileURLWithPath: "\(checkpoints)/\(newest)/model.safetensors")
      try Data(contentsOf: model).dropLast(100).write(to: model)
      let outcome = try laboratory.start("broken", ranks: 2, resume: "auto").wait()
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(
        outcome.output.contains(
          "set aside a broken checkpoint, now broken/checkpoints/broken-\(newest): "))
      #expect(try laboratory.finalModel("broken") == reference)
    }

    @Test("unreadable images are replaced and counted, the same for any number of ranks")
    func unreadableImages() throws {
      try laboratory.copyFaces(to: "bad", unreadable: [4])
      let skipping = ["data.root=bad", "data.on_error=skip", "train.max_steps=6"]
      try laboratory.train("bad-1", skipping)
      try laboratory.train("bad-2", ranks: 2, skipping)
      let skipped = ["bad-1", "bad-2"].map { laboratory.metrics($0).map(\.skipped) }
      #expect(skipped[0].max() ?? 0 > 0)
      #expect(skipped[0] == skipped[1])
      #expect(try laboratory.finalModel("bad-1") == laboratory.finalModel("bad-2"))
    }

    @Test("data that fail end the run with a checkpoint, from which it goes on when they are back")
    func vanishingData() throws {
      let reference = try reference()
      try laboratory.copyFaces(to: "vanishing", unreadable: [4])
      var messages: Set<String> = []
      for ranks in [1, 4] {
        let failing = try laboratory.start(
          "vanishing-\(ranks)", ranks: ranks, ["data.root=vanishing"]
        ).wait()
        #expect(failing.status == 65)
        #expect(failing.ownErrors.contains("vanishing/training.csv:4: "), "\(failing.ownErrors)")
        let step = try #require(try laboratory.files(of: "vanishing-\(ranks)").latestCheckpoint())
        #expect(failing.ownErrors.contains("A checkpoint after step \(step) is saved"))
        messages.insert("\(step)")
      }
      #expect(messages.count == 1, "\(messages)")
      let files = FileManager.default
      try files.removeItem(atPath: "\(laboratory.folder)/vanishing")
      try files.copyItem(
        atPath: "\(laboratory.folder)/corpus/affectnet", toPath: "\(laboratory.folder)/vanishing")
      for (run, ranks) in [("vanishing-1", 4), ("vanishing-4", 2)] {
        try laboratory.train(run, ranks: ranks, resume: "auto", ["data.root=vanishing"])
        #expect(try laboratory.finalModel(run) == reference)
      }
    }

    @Test("the limit of unusable images holds for the run, not for each rank or process")
    func skipLimit() throws {
      // Three rows that cannot be used either, which have a limit of their own.
      let folder = "\(laboratory.folder)/many-bad"
      try laboratory.copyFaces(to: "many-bad", unreadable: Array(stride(from: 2, to: 122, by: 10)))
      let list = "\(folder)/training.csv"
      let rows = try String(contentsOfFile: list, encoding: .utf8)
      let broken = (0..<3).map { _ in "no.jpg,0,0,1,1,,99,0,0\n" }.joined()
      try Data((rows + broken).utf8).write(to: URL(fileURLWithPath: list))
      let skipping = ["data.root=many-bad", "data.on_error=skip", "train.max_steps=6"]
      var messages: Set<String> = []
      for ranks in [1, 4] {
        let outcome = try laboratory.start(
          "limit-\(ranks)", ranks: ranks, skipping + ["data.skip_limit=6"]
        ).wait()
        #expect(outcome.status == 65, "\(ranks) ranks: \(outcome.errors)")
        #expect(
          outcome.ownErrors.contains("samples cannot be used (data.on_error skips at most 6)"))
        messages.insert(outcome.ownErrors.trimmingCharacters(in: .whitespacesAndNewlines))
      }
      #expect(messages.count == 1, "\(messages)")

      // Those met before a preemption count, once, when the run goes on elsewhere.
      try laboratory.train("skip-whole", skipping)
      let skipped = laboratory.metrics("skip-whole").filter { $0.split == "training" }
      #expect(skipped.last?.skipped == 12)
      #expect(skipped.allSatisfy { $0.rowsLeftOut == 3 })
      let job = try laboratory.start("skip-parts", ranks: 4, slowly: true, skipping)
      try laboratory.wait(for: "skip-parts", step: 2, job)
      job.send(SIGUSR1)
      #expect(try job.wait().status == 75)
      try laboratory.train("skip-parts", ranks: 2, resume: "auto", skipping)
      let counts = ["skip-parts", "skip-whole"].map { laboratory.metrics($0).map(\.skipped) }
      #expect(counts[0] == counts[1])
      #expect(try laboratory.finalModel("skip-parts") == laboratory.finalModel("skip-whole"))
    }

    @Test("a run that goes on from another folder's checkpoint can be evaluated")
    func resumedElsewhere() throws {
      let reference = try reference()
      let checkpoints = "\(laboratory.folder)/reference/checkpoints"
      let name = try String(contentsOfFile: "\(checkpoints)/latest", encoding: .utf8)
        .trimmingCharacters(in: .newlines)
      let outcome = try laboratory.start(
        "elsewhere", ranks: 2, resume: "reference/checkpoints/\(name)"
      ).wait()
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.output.contains("is not in this run folder"))
      #expect(try laboratory.finalModel("elsewhere") == reference)
      let evaluation = try laboratory.run("aver", ["evaluate", "elsewhere"])
      #expect(evaluation.status == 0, "\(evaluation.errors)")
      #expect(evaluation.output.contains("elsewhere/final/model.safetensors"))
    }

    @Test("an evaluation says the same on any number of ranks")
    func evaluation() throws {
      _ = try reference()
      let arguments = ["evaluate", "reference", "--checkpoint", "final", "--json"]
      let alone = try laboratory.run("aver", arguments)
      #expect(alone.status == 0, "\(alone.errors)")
      #expect(try laboratory.run("aver", ranks: 3, arguments).output == alone.output)
      let report = try JSONSerialization.jsonObject(with: Data(alone.output.utf8)) as? [String: Any]
      #expect(report?["samples"] as? Int == 40)
      let tables = try laboratory.run("aver", ["evaluate", "reference", "--checkpoint", "latest"])
      #expect(tables.output.contains("confusion matrix"))
    }

    @Test("the data benchmark ends with one JSON object, and the doctor finds no fault")
    func dataBenchmarkAndDoctor() throws {
      let outcome = try laboratory.run(
        "aver-train", ranks: 2, ["benchmark", "data", "--config", "tiny.yaml"])
      #expect(outcome.status == 0, "\(outcome.errors)")
      let line = try #require(outcome.output.split(separator: "\n").last)
      let result = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      #expect(result?["samples_per_second"] as? Double ?? 0 > 0, "\(outcome.output)")
      let doctor = try laboratory.run("aver", ranks: 2, ["doctor"])
      #expect(doctor.status == 0, "\(doctor.errors)")
      for word in ["oneDNN", "MPI", "GB/s"] { #expect(doctor.output.contains(word), "\(word)") }
    }

    @Test(
      "the step and inference benchmarks end with one JSON object of the agreed names",
      arguments: [
        ("step", "--batch-per-rank", ["step_ms_median", "seconds_to_first_step"]),
        ("inference", "--batch", ["batch_ms_median", "seconds_to_first_batch"]),
      ])
    func benchmark(_ kind: String, _ batch: String, _ names: [String]) throws {
      let outcome = try laboratory.run(
        "aver-train", ranks: 2,
        ["benchmark", kind, "--image-size", "32", batch, "4", "--steps", "2"])
      #expect(outcome.status == 0, "\(outcome.errors)")
      let line = try #require(outcome.output.split(separator: "\n").last)
      let result = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      let common = [
        "model", "precision", "batch_per_rank", "image_size", "images_per_second",
        "peak_memory_mib_per_rank",
      ]
      for name in common + names { #expect(result?[name] != nil, "\(name)") }
      #expect(result?["ranks"] as? Int == 2)
    }
  }
}
