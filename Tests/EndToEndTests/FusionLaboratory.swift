import Foundation
import Testing

/// A folder with three short clips, barely trained extractors, and a configuration that joins them in a
/// few seconds: 30 steps of four micro-batches. They take milliseconds: a signal is to find some left.
final class FusionLaboratory: Sendable {
  static let shared = Result { try FusionLaboratory() }

  private let home: LaboratoryFolder
  var folder: String { home.path }

  private init() throws {
    home = try LaboratoryFolder("fusion")
    try finish(
      "aver",
      [
        "synth", "corpus", "--faces", "40", "--speech", "30", "--clips", "3", "--clip-seconds", "5",
        "--image-size", "80",
      ])
    for (name, text) in ["eyes": eyes, "ears": ears, "fusion": fusion] {
      try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name).yaml"))
    }
    for (stage, run) in [("teacher", "eyes"), ("audio", "ears")] {
      try home.once(run) {
        try finish("aver-train", [stage, "--config", "\(run).yaml", "--run", run])
      }
    }
  }

  private let eyes = """
    stage: teacher
    model: {name: resnet10_x0_25, image_size: 32}
    data: {root: corpus/affectnet, workers: 1}
    batch: {global: 8, micro: 8}
    train: {epochs: 1, max_steps: 2}
    schedule: {warmup: 1 steps}
    optimizer: {name: adamw, learning_rate: 0.0003}
    """

  private let ears = """
    stage: audio
    model: {name: resnet10_x0_25}
    data: {root: corpus/speech, workers: 1, split: chance, validation_part: 0.3}
    batch: {global: 8, micro: 8}
    train: {epochs: 1, max_steps: 1}
    schedule: {warmup: 1 steps}
    optimizer: {name: adamw, learning_rate: 0.0003}
    """

  private let fusion = """
    stage: fusion
    seed: 5
    fusion: {visual: eyes, audio: ears, modality_dropout: 0.3}
    features: {batch: 8}
    faces: {tracks: recordings_faces}
    model: {width: 12, hidden: 10, dropout: 0.1}
    data: {root: corpus/recola}
    window: {frames: 30, overlap: 15}
    delay_seconds: [0.4, 0.6]
    batch: {global: 8, micro: 2}
    train: {epochs: 20, max_steps: 30}
    optimizer: {name: adamw, learning_rate: 0.003}
    schedule: {warmup: 2 steps}
    evaluation: {every: 10 steps}
    checkpoint: {every_steps: 100}
    logging: {every_steps: 1}
    """

  /// Runs a command that has to succeed.
  @discardableResult
  func finish(_ name: String, ranks: Int? = nil, _ arguments: [String]) throws -> Outcome {
    let outcome = try run(name, ranks: ranks, arguments)
    try #require(outcome.status == 0, "\(name): \(outcome.errors)\n\(outcome.output)")
    return outcome
  }

  /// Runs a command to its end.
  func run(_ name: String, ranks: Int? = nil, _ arguments: [String]) throws -> Outcome {
    try RunningCommand(name, ranks: ranks, arguments, in: folder).wait()
  }

  /// Starts a training into the run folder `run`.
  func start(
    _ run: String, ranks: Int? = nil, resume: String = "never", _ overrides: [String] = []
  ) throws -> RunningCommand {
    let arguments = ["fusion", "--config", "fusion.yaml", "--run", run, "--resume", resume]
    return try RunningCommand("aver-train", ranks: ranks, arguments + overrides, in: folder)
  }

  /// Trains a run that several tests look at, unless one of them has.
  func trainOnce(_ run: String, _ overrides: [String] = []) throws {
    try home.once(run) { try train(run, overrides) }
  }

  /// Trains to the end; any other end is a failure.
  @discardableResult
  func train(
    _ run: String, ranks: Int? = nil, resume: String = "never", _ overrides: [String] = []
  ) throws -> Outcome {
    let outcome = try start(run, ranks: ranks, resume: resume, overrides).wait()
    try #require(outcome.status == 0, "\(outcome.errors)\n\(outcome.output)")
    return outcome
  }

  /// What a run leaves that must be the same for any number of ranks and any interruption.
  func results(_ run: String) throws -> [String: Data] {
    var results: [String: Data] = [:]
    for name in [
      "final/model.safetensors", "best/model.safetensors", "standardisation.safetensors",
      "postprocessing.json",
    ] {
      results[name] = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(run)/\(name)"))
    }
    return results
  }

  /// The extracted features of a run, by file.
  func features(_ run: String) throws -> [String: Data] {
    var features: [String: Data] = [:]
    for name in featureNames(run) {
      features[name] = try Data(
        contentsOf: URL(fileURLWithPath: "\(folder)/\(run)/features/\(name)"))
    }
    return features
  }

  /// The files of a run's finished features.
  func featureNames(_ run: String) -> [String] {
    let names = try? FileManager.default.contentsOfDirectory(
      atPath: "\(folder)/\(run)/features")
    return (names ?? []).filter { $0.hasSuffix(".safetensors") }.sorted()
  }

  /// The step of a run's last line of metrics; nil before there is one.
  func lastStep(_ run: String) -> Int? { RunFiles(path: "\(folder)/\(run)").lastStep }
}
