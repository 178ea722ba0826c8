import Foundation
import Testing

/// A folder with a tiny corpus and a configuration that trains on it for a few seconds: 160 faces,
/// five steps an epoch, four micro-batches a step.
final class Laboratory: Sendable {
  static let shared = Result { try Laboratory() }
  /// Faces that are trained on, numbered from 0 on; those behind them are evaluated.
  static let trainedFaces = 160

  private let home: LaboratoryFolder
  var folder: String { home.path }

  private init() throws {
    home = try LaboratoryFolder("faces")
    let synth = try run(
      "aver",
      [
        "synth", "corpus", "--faces", "200", "--speech", "0", "--clips", "0", "--image-size", "48",
      ])
    try #require(synth.status == 0, "\(synth.errors)")
    try Data(configuration.utf8).write(to: URL(fileURLWithPath: "\(folder)/tiny.yaml"))
  }

  private let configuration = """
    seed: 5
    model:
      name: resnet10_x0_25
      image_size: 32
    data:
      root: corpus/affectnet
      workers: 1
      augmentation: {crop_scale: [1, 1], crop_ratio: [1, 1], brightness: 0, contrast: 0, saturation: 0}
    batch:
      global: 32
      micro: 8
    train:
      epochs: 20
      max_steps: 12
    optimizer:
      name: adamw
      learning_rate: 0.0003
    schedule:
      warmup: 2 steps
    checkpoint:
      every_steps: 100
    logging:
      every_steps: 1
    """

  /// Runs a command to its end.
  func run(
    _ name: String, ranks: Int? = nil, environment: [String: String] = [:], output: String? = nil,
    _ arguments: [String]
  ) throws -> Outcome {
    try RunningCommand(
      name, ranks: ranks, environment: environment, output: output, arguments, in: folder
    ).wait()
  }

  /// Starts a training into the run folder `run`.
  ///
  /// - Parameter slowly: whether steps take so long that who waits for one finds the run at it.
  func start(
    _ run: String, stage: String = "teacher", ranks: Int? = nil, resume: String = "never",
    slowly: Bool = false, _ overrides: [String] = []
  ) throws -> RunningCommand {
    let arguments = [stage, "--config", "tiny.yaml", "--run", run, "--resume", resume]
    return try RunningCommand(
      "aver-train", ranks: ranks, environment: slowly ? try slowSteps : [:], arguments + overrides,
      in: folder)
  }

  /// An environment in which each rank is a node of its own, so that gradients travel in messages.
  var nodesOfOne: [String: String] {
    get throws {
      ["LD_PRELOAD": try FaultInjection.compile("calls", in: folder), "AVER_NODES_OF_ONE": "1"]
    }
  }

  /// The environment in which a step with metrics takes a twentieth of a second more, whatever the machine.
  var slowSteps: [String: String] {
    get throws {
      try FaultInjection(in: folder).environment(
        .sleep(microseconds: 50_000), calls: 1...Int(Int32.max), on: "metrics.jsonl")
    }
  }

  /// Trains to the end; any other end is a failure.
  func train(
    _ run: String, ranks: Int? = nil, resume: String = "never", _ overrides: [String] = []
  ) throws {
    let outcome = try start(run, ranks: ranks, resume: resume, overrides).wait()
    try #require(outcome.status == 0, "\(outcome.errors)\n\(outcome.output)")
  }

  /// Trains a run that several tests look at, unless one of them has.
  func trainOnce(_ run: String, ranks: Int? = nil, _ overrides: [String] = []) throws {
    try once(run) { try train(run, ranks: ranks, overrides) }
  }

  /// Makes a run that several tests look at, unless one of them has.
  func once(_ run: String, _ train: () throws -> Void) throws { try home.once(run, train) }

  /// Whether there is a file of this path in the folder.
  func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(folder)/\(path)")
  }

  /// The bytes of a run's final model.
  func finalModel(_ run: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(run)/final/model.safetensors"))
  }

  /// Copies the corpus to the folder `name` and spoils the images of some lines of its training list.
  func copyFaces(to name: String, unreadable lines: [Int]) throws {
    let copy = "\(folder)/\(name)"
    try FileManager.default.copyItem(atPath: "\(folder)/corpus/affectnet", toPath: copy)
    let rows = try String(contentsOfFile: "\(copy)/training.csv", encoding: .utf8)
      .split(separator: "\n")
    for line in lines {
      let image = try #require(rows[line - 1].split(separator: ",").first)
      try Data("no image".utf8).write(to: URL(fileURLWithPath: "\(copy)/\(image)"))
    }
  }

  /// The names of the tensors in a safetensors file.
  func tensorNames(in file: String) throws -> Set<String> { Set(try header(of: file).0.keys) }

  /// The elements of a float32 tensor in a safetensors file.
  func tensor(_ name: String, in file: String) throws -> [Float] {
    let (header, data) = try header(of: file)
    let tensor = try #require(header[name] as? [String: Any])
    let offsets = try #require(tensor["data_offsets"] as? [Int])
    return data[(data.startIndex + offsets[0])..<(data.startIndex + offsets[1])].withUnsafeBytes {
      bytes in
      stride(from: 0, to: bytes.count, by: 4).map {
        bytes.loadUnaligned(fromByteOffset: $0, as: Float.self)
      }
    }
  }

  private func header(of file: String) throws -> ([String: Any], Data) {
    let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(file)"))
    let length = Int(data.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) })
    let header = try JSONSerialization.jsonObject(with: data[8..<(8 + length)])
    return (try #require(header as? [String: Any]), data[(8 + length)...])
  }

  struct Line: Decodable {
    var step: Int
    var split: String
    var loss: Double
    var skipped: Int
    var rowsLeftOut: Int

    enum CodingKeys: String, CodingKey {
      case step, split, loss, skipped
      case rowsLeftOut = "rows_left_out"
    }
  }

  /// Trains on four ranks, of which one is killed after `step` steps, and then on two to the end.
  func trainKilled(_ run: String, atStep step: Int, _ overrides: [String]) throws {
    let job = try start(run, ranks: 4, slowly: true, overrides)
    try wait(for: run, step: step, job)
    kill(try #require(try job.ranks().last), SIGKILL)
    #expect(try job.wait().status == 128 + SIGKILL)
    try train(run, ranks: 2, resume: "auto", overrides)
  }

  /// The lines of a run's metrics; none before there is a file.
  func metrics(_ run: String) -> [Line] {
    let path = "\(folder)/\(run)/metrics.jsonl"
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").compactMap { line in
      try? JSONDecoder().decode(Line.self, from: Data(line.utf8))
    }
  }

  /// Whether Linux names a feature of this processor.
  static func processorHas(_ flag: String) -> Bool {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let flags = text.split(separator: "\n").first { $0.hasPrefix("flags") }
    return flags?.split(separator: " ").contains { $0 == flag } ?? false
  }

  /// What a run left.
  func files(of run: String) -> RunFiles { RunFiles(path: "\(folder)/\(run)") }

  /// Waits until a run has made `step` steps.
  func wait(for run: String, step: Int, _ command: RunningCommand) throws {
    try files(of: run).wait(forStep: step, command)
  }
}
