import Foundation
import Nets

/// What a run's networks can be exported as.
public enum ExportFormat: String, Sendable, CaseIterable {
  /// Complete graphs, for ONNX Runtime and others.
  case onnx
  /// Weights by torchvision's and torchvggish's names.
  case safetensors
}

/// The export of a finished or running training: `aver export`.
public struct RunExport: Sendable {
  /// The run folder.
  public var run: String
  /// As what.
  public var format: ExportFormat
  /// See `RunEvaluation.checkpoint`.
  public var checkpoint: String
  /// The folder to write to; nil for `export/FORMAT` in the run's.
  public var output: String?
  /// Whether batch normalisations stay operations of their own; of ONNX only.
  public var keepsBatchNormalizations: Bool
  /// Whether there are also networks that take sound instead of log-mel patches; of ONNX only.
  public var includesLogMel: Bool
  /// Whether files of the same names may be replaced, and others of an earlier export removed.
  public var replaces: Bool

  /// An export with every setting given.
  public init(
    run: String, format: ExportFormat, checkpoint: String = "best", output: String? = nil,
    keepsBatchNormalizations: Bool = false, includesLogMel: Bool = false, replaces: Bool = false
  ) {
    self.run = run
    self.format = format
    self.checkpoint = checkpoint
    self.output = output
    self.keepsBatchNormalizations = keepsBatchNormalizations
    self.includesLogMel = includesLogMel
    self.replaces = replaces
  }

  /// What was written.
  public struct Summary: Sendable {
    /// The weights that were exported.
    public var weights: String
    /// The folder.
    public var folder: String
    /// Names and bytes of its files.
    public var files: [(name: String, bytes: Int)]

    /// A line for each file.
    public var text: String {
      let lines = files.map { "\(folder)/\($0.name)  \(Self.size($0.bytes))" }
      return (["weights   \(weights)"] + lines).joined(separator: "\n")
    }

    private static func size(_ bytes: Int) -> String {
      bytes < 1 << 20
        ? "\((bytes + 1023) >> 10) KiB"
        : String(format: "%.1f MiB", Double(bytes) / 1_048_576)
    }
  }

  /// Exports the run. No MPI is needed.
  ///
  /// - Throws: `TrainerError` naming the option or file that is at fault; `WeightsError` and `NetsError`
  ///   naming the file of weights and the tensor.
  public func export() throws -> Summary {
    let stage = try folder.stage()
    try requireOptions(of: stage)
    try Engine.configure(threads: 1)
    let model =
      switch stage {
      case .teacher: try faces(TeacherConfiguration.self)
      case .distill: try faces(DistillConfiguration.self)
      case .audio: try speech()
      case .fusion: try fusion()
      }
    let place = output ?? "\(run)/export/\(format.rawValue)"
    let files = try format == .onnx ? networkFiles(model) : weightFiles(model)
    try ExportFolder(path: place, replaces: replaces).write(files, reading: model.files)
    return Summary(
      weights: model.weights, folder: place, files: files.map { ($0.name, $0.byteCount) })
  }

  var folder: RunFolder { RunFolder(path: run) }

  private func requireOptions(of stage: StageName) throws {
    guard format == .onnx else {
      if keepsBatchNormalizations {
        throw TrainerError.usage(
          "--keep-batch-norm is for ONNX: weights in safetensors always have them; leave it out")
      }
      if includesLogMel {
        throw TrainerError.usage(
          "--log-mel is for ONNX: weights in safetensors compute nothing; leave it out, or export "
            + "with --format onnx")
      }
      return
    }
    if includesLogMel, stage == .teacher || stage == .distill {
      throw TrainerError.usage(
        "--log-mel: \(run) is a run of \(stage.rawValue), which sees and does not hear; name one of "
          + "audio, or leave it out")
    }
  }

  // MARK: - Files

  private func networkFiles(_ model: ExportedModel) throws -> [ExportFile] {
    var described = model.description
    let metadata = try described.metadata()
    let files = try model.networks.map { network in
      var export = network.export
      export.keepsBatchNormalizations = keepsBatchNormalizations
      export.metadata = metadata
      let onnx = try export.model()
      let name = "\(network.export.name).onnx"
      described.files.append(
        ExportDescription.File(
          name: name, holds: network.holds, inputs: onnx.inputSummary,
          outputs: onnx.outputSummary))
      return ExportFile(name, byteCount: try onnx.byteCount()) { try onnx.write(to: $0) }
    }
    return try files + words(model, described)
  }

  private func weightFiles(_ model: ExportedModel) throws -> [ExportFile] {
    var described = model.description
    let metadata = Dictionary(try described.metadata().map { ($0.key, $0.value) }) { $1 }
      .merging(["format": "pt"]) { $1 }
    let files = try model.weightFiles.map { file in
      let name = "\(file.name).safetensors"
      described.files.append(
        ExportDescription.File(name: name, holds: file.holds, inputs: [], outputs: []))
      let image = try SafetensorsImage(of: file.tensors, metadata: metadata, path: name)
      return ExportFile(name, byteCount: image.byteCount) {
        try DurableFiles.write(file.tensors, metadata: metadata, to: $0, synchronise: true)
      }
    }
    return try files + words(model, described)
  }

  /// What is said of the model; the card comes last.
  private func words(
    _ model: ExportedModel, _ described: ExportDescription
  ) throws -> [ExportFile] {
    let card = ModelCard(
      description: described, format: format, facts: model.facts, run: runName)
    return [
      ExportFile(ExportFolder.description, try described.json(isPretty: true)),
      ExportFile("README.md", Array(card.text.utf8)),
    ]
  }

  /// The last part of the run's path.
  private var runName: String {
    URL(fileURLWithPath: run).standardizedFileURL.lastPathComponent
  }

  // MARK: - Weights

  /// The updates that weights are from; nil for those of nobody knows which.
  func step(of weights: String) throws -> Int? {
    if let step = try ModelSnapshot.step(ofModel: weights) { return step }
    let parent = DurableFiles.parent(of: weights)
    guard DurableFiles.exists("\(parent)/\(CheckpointStore.stateFile)") else { return nil }
    return try CheckpointStore.loadWithoutVerifying(parent).state.step
  }

  /// What the run has found out about weights; nothing for those of another run.
  func facts(
    _ configuration: some StageConfiguration, weights: String, step: Int?,
    data: [(String, String)], split: String
  ) throws -> ModelFacts {
    let record =
      try folder.owns(weights) ? ValidationRecord.all(ofRun: run).last { $0.step == step } : nil
    return ModelFacts(
      data: data, split: split, numbers: record?.values ?? [:],
      compared: configuration.metrics.map(\.name),
      settings: configuration.resultDecidingValues)
  }
}

/// What a run's files are made of, whatever the format.
struct ExportedModel {
  /// A network in ONNX.
  struct Network {
    var holds: String
    /// Its name is that of the file.
    var export: ONNXExport
  }

  /// Some of the weights.
  struct WeightFile {
    var name: String
    var holds: String
    var tensors: [TensorSource]
  }

  /// The file that the weights are from.
  var weights: String
  /// All files that were read.
  var files: [String]
  var networks: [Network]
  var weightFiles: [WeightFile]
  var description: ExportDescription
  var facts: ModelFacts
}
