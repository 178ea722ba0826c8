import Foundation
import Testing

extension EndToEnd {
  /// What follows from gradients and from evaluations: the same on any number of ranks and however
  /// often the run was interrupted.
  @Suite("Optimization")
  struct OptimizationTests {
    private let laboratory: Laboratory

    init() throws { laboratory = try Laboratory.shared.get() }

    /// The bytes of all that a run has learned.
    private func learned(_ run: String) throws -> [String: Data] {
      try laboratory.files(of: run).learned()
    }

    /// The lines of a run's metrics as dictionaries.
    private func lines(_ run: String) throws -> [[String: Any]] {
      let text = try String(
        contentsOfFile: "\(laboratory.folder)/\(run)/metrics.jsonl", encoding: .utf8)
      return try text.split(separator: "\n").compactMap {
        try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
      }
    }

    @Test(
      "norms of tensors, clipping, averages, rates of layers and milestones: the same bits",
      arguments: [
        ("lamb", ["optimizer.learning_rate=0.01", "ema.warmup=true", "optimizer.layer_decay=0.7"]),
        (
          "lars",
          [
            "optimizer.learning_rate=2", "optimizer.scaling=sqrt", "optimizer.backbone_factor=0.5",
            "schedule.name=step", "schedule.milestones=[4 steps, 6 steps]",
          ]
        ),
      ])
    func ranksAndInterruptions(_ optimizer: String, _ others: [String]) throws {
      let overrides =
        [
          "optimizer.name=\(optimizer)", "optimizer.clip_norm=0.5", "ema.decay=0.9",
          "optimizer.freeze=[conv1, bn1, layer1.0]", "train.max_steps=7",
          "checkpoint.every_steps=2", "evaluation.every=3 steps", "best.metric=loss",
        ] + others
      let reference = "\(optimizer)-1"
      try laboratory.train(reference, overrides)
      let learned = try learned(reference)
      // The average is another model than the weights.
      let average = try #require(learned["final/model.safetensors"])
      #expect(average != learned["checkpoints/step-00000007/model.safetensors"])
      try laboratory.train("\(optimizer)-4", ranks: 4, overrides)
      let areSame = try self.learned("\(optimizer)-4") == learned
      #expect(areSame, "4 ranks")

      let run = "\(optimizer)-killed"
      try laboratory.trainKilled(run, atStep: 4, overrides)
      let isSame = try self.learned(run) == learned
      #expect(isSame, "killed and resumed on 2 ranks")
      let norms = try lines(run).map { $0["gradient_norm"] as? Double }
      #expect(try norms == lines(reference).map { $0["gradient_norm"] as? Double })
      #expect(norms.compactMap { $0 }.count == 7)
    }

    @Test(
      "frozen parts stay as they are, and the rest has the same bits on other ranks and after a kill"
    )
    func frozenParts() throws {
      let overrides = [
        "optimizer.freeze=[layer1, layer3]", "ema.decay=0.9", "optimizer.clip_norm=1",
        "train.max_steps=6", "checkpoint.every_steps=2", "evaluation.every=3 steps",
      ]
      try laboratory.train("frozen-1", overrides)
      let learned = try learned("frozen-1")
      try laboratory.train("frozen-2", ranks: 2, overrides)
      let areSame = try self.learned("frozen-2") == learned
      #expect(areSame, "2 ranks")
      let job = try laboratory.start("frozen-killed", ranks: 2, slowly: true, overrides)
      try laboratory.wait(for: "frozen-killed", step: 4, job)
      kill(try #require(try job.ranks().last), SIGKILL)
      #expect(try job.wait().status == 128 + SIGKILL)
      try laboratory.train("frozen-killed", resume: "auto", overrides)
      let isSame = try self.learned("frozen-killed") == learned
      #expect(isSame, "killed and resumed on 1 rank")

      func variances(_ layer: String) throws -> [Float] {
        try laboratory.tensor(
          "\(layer).running_var", in: "frozen-1/checkpoints/step-00000006/model.safetensors")
      }
      #expect(try variances("layer3.0.bn1").allSatisfy { $0 == 1 })
      #expect(try variances("layer4.0.bn1").contains { $0 != 1 })
      let remembered = try laboratory.tensorNames(
        in: "frozen-1/checkpoints/step-00000006/optimizer.safetensors")
      #expect(remembered.contains("exp_avg.layer4.0.conv1.weight"))
      #expect(!remembered.contains("exp_avg.layer3.0.conv1.weight"))
      #expect(remembered.contains("ema.layer3.0.conv1.weight"))
    }

    @Test("a checkpoint is evaluated as its run evaluates itself: by the average")
    func averagesOfCheckpoints() throws {
      let run = "averaged"
      try laboratory.train(run, ["ema.decay=0.9", "train.max_steps=4"])
      func report(_ checkpoint: String) throws -> String {
        let outcome = try laboratory.run(
          "aver", ["evaluate", run, "--checkpoint", checkpoint, "--json"])
        try #require(outcome.status == 0, "\(outcome.errors)")
        return outcome.output
      }
      let checkpoint = "\(run)/checkpoints/step-00000004"
      let final = try report("final")
      #expect(try report("latest") == final)
      #expect(try report(checkpoint) == final)
      #expect(try report("\(checkpoint)/model.safetensors") != final, "the weights themselves")
    }

    @Test("a plateau and an early end come at the same step, interrupted or not")
    func plateauAndEarlyEnd() throws {
      // Nothing after the first evaluation is better by so much.
      let overrides = [
        "evaluation.every=1 steps", "schedule.name=plateau", "schedule.factor=0.5",
        "schedule.patience=1", "schedule.threshold=1000", "early_stopping.patience=6",
        "early_stopping.threshold=1000", "early_stopping.metric=loss", "train.max_steps=12",
      ]
      let reference = try laboratory.start("plateau", overrides).wait()
      #expect(reference.status == 0, "\(reference.errors)")
      #expect(reference.output.contains("early stopping after step 7: no better loss than"))
      let all = try lines("plateau")
      #expect(all.last?["end"] as? String == "early_stopping")
      #expect(all.last?["step"] as? Int == 7)
      // Two steps of warm-up; the evaluation after the second is the first that counts.
      let rates = all.compactMap { $0["learning_rate"] as? Double }
      #expect(rates == [1.5e-4, 3e-4, 3e-4, 3e-4, 1.5e-4, 1.5e-4, 7.5e-5])

      let job = try laboratory.start("plateau-parts", ranks: 4, slowly: true, overrides)
      try laboratory.wait(for: "plateau-parts", step: 4, job)
      job.send(SIGUSR1)
      #expect(try job.wait().status == 75)
      try laboratory.train("plateau-parts", ranks: 2, resume: "auto", overrides)
      let isSame = try learned("plateau-parts") == learned("plateau")
      #expect(isSame)
      #expect(try lines("plateau-parts").count == all.count)
      // A run that has ended stays so.
      let again = try laboratory.start("plateau-parts", resume: "auto", overrides).wait()
      #expect(again.status == 0, "\(again.errors)")
      #expect(again.output.contains("early stopping after step 7"))
      #expect(try lines("plateau-parts").count == all.count)
      // Other evaluations would steer it elsewhere, and so would other faces.
      let faces = try laboratory.start(
        "plateau-parts", resume: "auto", overrides + ["data.validation=training.csv"]
      ).wait()
      #expect(faces.status == 64)
      let list = "\(laboratory.folder)/fewer.csv"
      let rows = try String(
        contentsOfFile: "\(laboratory.folder)/corpus/affectnet/validation.csv", encoding: .utf8)
      try Data(rows.utf8).write(to: URL(fileURLWithPath: list))
      let named = overrides + ["data.validation=\(list)"]
      try laboratory.train("plateau-list", named + ["train.max_steps=3"])
      try Data(rows.split(separator: "\n").dropLast().joined(separator: "\n").utf8)
        .write(to: URL(fileURLWithPath: list))
      let fewer = try laboratory.start(
        "plateau-list", resume: "auto", named + ["train.max_steps=3"]
      ).wait()
      #expect(fewer.status == 64)
      #expect(fewer.ownErrors.contains("what is learned from is not the same"))
      let other = try laboratory.start(
        "plateau-parts", resume: "auto", overrides + ["evaluation.every=2 steps"]
      ).wait()
      #expect(other.status == 64)
      #expect(other.ownErrors.contains("evaluation.every: 1 steps -> 2 steps"))
    }
  }
}
