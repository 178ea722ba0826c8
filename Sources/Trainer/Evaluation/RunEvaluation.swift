import Datasets
import Foundation
import Nets

/// The evaluation of a finished or running training: `aver evaluate`.
public struct RunEvaluation: Sendable {
  /// The run folder.
  public var run: String
  /// `best` (`final` in a run that has no best model), `final`, `latest`, or the path of a
  /// checkpoint or of a safetensors file.
  public var checkpoint: String
  /// A list of faces instead of the run's validation list.
  public var list: String?
  /// The folder that the list's image paths are relative to, instead of the run's.
  public var root: String?
  /// Samples of a batch, instead of the run's micro-batch.
  public var batch: Int?
  /// Number format, instead of the run's.
  public var precision: String?

  /// An evaluation with every setting given.
  public init(
    run: String, checkpoint: String, list: String?, root: String?, batch: Int?, precision: String?
  ) {
    self.run = run
    self.checkpoint = checkpoint
    self.list = list
    self.root = root
    self.batch = batch
    self.precision = precision
  }

  /// Evaluates on all ranks of `job`. Collective.
  ///
  /// - Returns: the report and the weights file it is about, the same on all ranks.
  /// - Throws: `TrainerError.agreed` for what all ranks know; anything else is this rank's own.
  public func evaluate(job: Job) throws -> (report: FaceReport, weights: String) {
    let configuration = try job.agreement.together { try loadConfiguration() }
    if let batch, batch < 1 {
      throw TrainerError.agreed(
        rank: 0, status: .usage, message: "--batch \(batch): a batch has at least 1 sample")
    }
    let manifest = try job.agreement.manifestOfRankZero { try readList(configuration.data) }
    let test = try job.agreement.tripletsOfRankZero {
      try configuration.triplets.triplets(
        configuration.triplets.test, onError: configuration.data.errorPolicy)
    }
    let (evaluator, weights) = try job.agreement.together {
      try makeEvaluator(configuration, manifest, test, job: job)
    }
    guard let report = try evaluator.evaluate(isStopRequested: { false }) else {
      preconditionFailure("an evaluation that is never asked to stop comes to its end")
    }
    guard report.classes.loss.isFinite else {
      let error = TrainerError.outputsNotFinite(weights: weights)
      throw TrainerError.agreed(rank: 0, status: error.exitStatus, message: "\(error)")
    }
    return (report, weights)
  }

  private func loadConfiguration() throws -> TeacherConfiguration {
    let path = RunFolder(path: run).configuration
    guard DurableFiles.exists(path) else {
      throw TrainerError.runIncomplete(folder: run, missing: "config.yaml")
    }
    return try TeacherConfiguration.load(file: path, overrides: overrides).values
  }

  private func makeEvaluator(
    _ configuration: TeacherConfiguration, _ manifest: FaceManifest, _ triplets: FaceTriplets?,
    job: Job
  ) throws -> (FaceEvaluator, String) {
    let weights = try weightsPath(in: RunFolder(path: run))
    try Engine.configure(threads: configuration.threads)
    job.warnOfSlowKernels(precision: configuration.precision)
    let network = configuration.network
    let parameters = try ParameterStore(inferenceFor: network.graph())
    try parameters.loadModel(from: try SafetensorsReader(path: weights))
    var settings = configuration.evaluationSettings
    settings.microBatch = batch ?? settings.microBatch
    let inference = try FaceInference(
      network: network, precision: configuration.precision, parameters: parameters,
      settings: settings, job: job)
    return (FaceEvaluator(inference, faces: manifest, triplets: triplets), weights)
  }

  /// What the command line says, as overrides of the run's configuration: checked like any other.
  private var overrides: [String] {
    [
      root.map { "data.root=\($0.yaml)" }, precision.map { "precision=\($0)" },
    ].compactMap { $0 }
  }

  private func readList(_ data: DataSection) throws -> FaceManifest {
    let path = list ?? data.validationPath
    guard DurableFiles.exists(path) else {
      throw TrainerError.missingData(path: path, key: list == nil ? "data.validation" : "--data")
    }
    return try data.manifest(path)
  }

  private func weightsPath(in folder: RunFolder) throws -> String {
    switch checkpoint {
    case "best":
      // A run that went on from another's last checkpoint has nothing left to evaluate.
      let hasOnlyFinal =
        !DurableFiles.exists(folder.bestModel) && DurableFiles.exists(folder.finalModel)
      return hasOnlyFinal
        ? folder.finalModel : try existing(folder.bestModel, "best/model.safetensors")
    case "final": return try existing(folder.finalModel, "final/model.safetensors")
    case "latest":
      let marker = try existing("\(folder.checkpoints)/latest", "checkpoints/latest")
      let name = try String(contentsOfFile: marker, encoding: .utf8)
        .trimmingCharacters(in: .whitespacesAndNewlines)
      return try CheckpointStore.load("\(folder.checkpoints)/\(name)").modelPath
    default:
      return checkpoint.hasSuffix(".safetensors")
        ? checkpoint : try CheckpointStore.load(checkpoint).modelPath
    }
  }

  private func existing(_ path: String, _ name: String) throws -> String {
    guard DurableFiles.exists(path) else {
      throw TrainerError.runIncomplete(folder: run, missing: name)
    }
    return path
  }
}

extension TeacherConfiguration {
  /// How an evaluation loads its samples.
  var evaluationSettings: FaceInference.Settings {
    FaceInference.Settings(
      augmentation: data.augmentation(imageSize: model.imageSize),
      microBatch: common.batch.micro, workers: data.workers, queueBatches: data.queueBatches,
      onError: data.errorPolicy)
  }
}
