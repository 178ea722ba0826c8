import Datasets
import Digests
import Foundation
import Logging
import Nets

/// The stage `teacher`: a facial-expression classifier trained on labelled faces.
public enum Teacher {
  /// The configuration's keys with their meaning, for a help text.
  public static var keyTable: String { TeacherConfiguration.keyTable }

  /// Runs the stage as one rank of `job`. Collective.
  ///
  /// - Returns: `.finished` or `.preempted`.
  /// - Throws: `TrainerError.agreed` for what all ranks know; anything else is this rank's own.
  public static func run(_ options: StageOptions, job: Job) throws -> ExitStatus {
    try StageRun<TeacherStage>.run(options, job: job)
  }
}

/// What the stage trains, and on what.
private struct TeacherStage: Stage {
  static let name = "teacher"

  private let loaded: LoadedConfiguration<TeacherConfiguration>
  private let job: Job
  private let training: FaceManifest
  private let validation: FaceManifest
  private let epochs: EpochPlan

  private var configuration: TeacherConfiguration { loaded.values }
  private var isMixed: Bool { configuration.data.augmentation.mixing != .none }

  static func requireFiles(_ configuration: TeacherConfiguration) throws {
    try configuration.data.requireFiles()
  }

  init(_ loaded: LoadedConfiguration<TeacherConfiguration>, job: Job) throws {
    let data = loaded.values.data
    let training = try job.agreement.manifestOfRankZero { try data.manifest(data.trainPath) }
    validation = try job.agreement.manifestOfRankZero { try data.manifest(data.validationPath) }
    epochs = try job.agreement.together { try loaded.epochPlan(for: training) }
    self.training = training
    self.loaded = loaded
    self.job = job
  }

  // MARK: - What there is

  var stepsPerEpoch: Int { epochs.stepsPerEpoch }
  var errorPolicy: ErrorPolicy { configuration.data.errorPolicy }
  var model: String {
    "\(configuration.model.name.rawValue) \(configuration.model.imageSize) px"
  }
  var data: String {
    "\(training.records.count) training and \(validation.records.count) validation faces"
  }
  var lists: [(path: String, problems: [RowProblem])] {
    [training, validation].map { ($0.path, $0.problems) }
  }

  var remarks: [String] {
    guard configuration.data.alignment == .eyes else { return [] }
    return [training, validation].compactMap { list in
      let missing = list.records.count - list.records.countWithEyes
      return missing > 0
        ? "\(list.path): \(missing) faces without eyes are upright squares instead" : nil
    }
  }

  func dataDigest() throws -> String { try training.digest() }

  // MARK: - What is made of it

  func makePlan(gradientSlots: Int) throws -> TrainingPlan {
    try TrainingPlan(
      model: configuration.modelDescription, microBatch: configuration.batch.micro,
      precision: configuration.precision, gradientSlots: gradientSlots, mixed: isMixed,
      pixels: .asRead)
  }

  func loadInitialWeights(into parameters: ParameterStore) throws -> String? {
    guard let path = configuration.model.weights else { return nil }
    guard FileManager.default.isReadableFile(atPath: path) else {
      throw TrainerError.configuration([
        loaded.mistake("model.weights", "'\(path)' cannot be read; name a safetensors file")
      ])
    }
    let fresh = try InitialWeights.load(
      path, into: parameters, head: configuration.model.name.head)
    let exception =
      fresh.isEmpty ? "" : "; \(fresh.joined(separator: ", ")) of another shape start afresh"
    return "weights from \(path)\(exception)"
  }

  func makeTask(
    _ plan: TrainingPlan, steps: Range<Int>, leaves: Range<Int>, logger: Logger
  ) throws -> any TrainingTask {
    let (data, batch) = (configuration.data, configuration.batch)
    let loader = try BatchLoader(
      manifest: training,
      augmentation: data.augmentation(imageSize: configuration.model.imageSize), mode: .training,
      requests: epochs.requests(steps: steps, leaves: leaves), seed: configuration.seed,
      microBatch: batch.micro, workers: data.workers, queueDepth: data.queueBatches,
      format: SampleFormat(try plan.pixels(input: "images").format),
      mixing: data.augmentation.mixing, onError: data.errorPolicy.withoutLimit)
    let evaluator = try ClassificationEvaluator(
      manifest: validation, data: configuration.evaluationData,
      model: configuration.modelDescription, precision: configuration.precision,
      parameters: plan.parameters, job: job)
    return try ExpressionTask(
      plan: plan, mixed: isMixed, loader: loader, evaluator: evaluator,
      classWeights: data.balance == .loss
        ? training.classWeights : Array(repeating: 1, count: Expression.allCases.count),
      logger: logger)
  }
}

extension TeacherConfiguration {
  /// The model as Nets takes it.
  var modelDescription: ModelDescription {
    ModelDescription(
      name: model.name, classes: Expression.allCases.count, imageSize: model.imageSize)
  }
}

extension LoadedConfiguration<TeacherConfiguration> {
  /// The order of the samples; a refusal of Datasets becomes a mistake that says where the value
  /// stands.
  func epochPlan(for manifest: FaceManifest) throws -> EpochPlan {
    do {
      return try EpochPlan(
        classOfSample: manifest.classOfSample, globalBatch: values.batch.global,
        microBatch: values.batch.micro, seed: values.seed,
        sampling: values.data.balance == .sampling ? .balanced : .shuffled,
        shards: values.data.windows(of: manifest))
    } catch DatasetError.setting(let name, let reason) {
      throw TrainerError.configuration([mistake(name, reason)])
    }
  }
}

extension FaceManifest {
  /// A digest of what training depends on: the rows in their order.
  func digest() throws -> String {
    let digest = try SHA256()
    try forEachDecidingPiece { try digest.update($0) }
    return try digest.finish()
  }
}
