import Foundation
import Testing

/// What all stages have in common, together in one training: norms of tensors, clipping, a rate that
/// follows the batch and the evaluations, an average of the weights, and an end before the last step.
struct AcrossStages {
  /// The folder of the runs.
  let folder: String
  /// Starts a training into a run folder.
  let start:
    (_ run: String, _ ranks: Int?, _ resume: String, _ overrides: [String]) throws ->
      RunningCommand

  // Nothing after the first evaluation is better by so much; late enough for a kill where steps are quick.
  private static let lastStep = 20
  private static var overrides: [String] {
    [
      "optimizer.name=lamb", "optimizer.learning_rate=0.01", "optimizer.scaling=sqrt",
      "optimizer.clip_norm=0.5", "ema.decay=0.9", "schedule.name=plateau",
      "schedule.warmup=2 steps",
      "schedule.factor=0.5", "schedule.patience=1", "schedule.threshold=1000",
      "early_stopping.patience=\(lastStep - 1)", "early_stopping.threshold=1000",
      "evaluation.every=1 steps", "train.max_steps=\(2 * lastStep)", "checkpoint.every_steps=2",
    ]
  }

  /// Trains on one rank, and on four that are killed and go on as two.
  func check(_ name: String, _ stages: [String] = []) throws {
    let (overrides, lastStep) = (stages + Self.overrides, Self.lastStep)
    let reference = try start("\(name)-one", nil, "never", overrides).wait()
    try #require(reference.status == 0, "\(reference.errors)")
    #expect(reference.output.contains("early stopping after step \(lastStep)"))
    let learned = try RunFiles(path: "\(folder)/\(name)-one").learned()
    let checkpoint = try #require(
      learned.keys.first { $0.hasSuffix("\(lastStep)/model.safetensors") })
    let average = try #require(learned["final/model.safetensors"])
    #expect(average != learned[checkpoint], "the average is another model")

    let parts = RunFiles(path: "\(folder)/\(name)-parts")
    let job = try start("\(name)-parts", 4, "never", overrides)
    try parts.wait(forStep: 3, job)
    kill(try #require(try job.ranks().last), SIGKILL)
    #expect(try job.wait().status == 128 + SIGKILL)
    let rest = try start("\(name)-parts", 2, "auto", overrides).wait()
    try #require(rest.status == 0, "\(rest.errors)")
    #expect(rest.output.contains("early stopping after step \(lastStep)"))
    let isSame = try parts.learned() == learned
    #expect(isSame)
  }
}
