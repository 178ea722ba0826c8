import CounterRandom
import Datasets
import Digests
import Foundation
import Logging
import Nets

/// The stage `teacher`: expression classes, valence and arousal, and an embedding of likeness, learned
/// by one network from labelled faces and triplets.
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
  private let loaded: LoadedConfiguration<TeacherConfiguration>
  private let job: Job
  private let training: FaceManifest
  private let validation: FaceManifest
  private let triplets: (training: FaceTriplets, test: FaceTriplets, plan: TripletPlan)?
  private let epochs: EpochPlan

  private var configuration: TeacherConfiguration { loaded.values }

  static func requireFiles(_ configuration: TeacherConfiguration) throws {
    try configuration.data.requireFiles()
    try configuration.triplets.requireFiles()
  }

  init(_ loaded: LoadedConfiguration<TeacherConfiguration>, job: Job) throws {
    let data = loaded.values.data
    let training = try job.agreement.manifestOfRankZero { try data.manifest(data.trainPath) }
    validation = try job.agreement.manifestOfRankZero { try data.manifest(data.validationPath) }
    epochs = try job.agreement.together { try loaded.epochPlan(for: training) }
    triplets = try Self.readTriplets(loaded, job)
    self.training = training
    self.loaded = loaded
    self.job = job
  }

  private static func readTriplets(
    _ loaded: LoadedConfiguration<TeacherConfiguration>, _ job: Job
  ) throws -> (FaceTriplets, FaceTriplets, TripletPlan)? {
    let (values, section) = (loaded.values, loaded.values.triplets)
    func read(_ list: String) throws -> FaceTriplets? {
      try job.agreement.tripletsOfRankZero {
        try section.triplets(list, onError: values.data.errorPolicy)
      }
    }
    guard let training = try read(section.train), let test = try read(section.test) else {
      return nil
    }
    let plan = try job.agreement.together {
      try TripletPlan(
        triplets: training.triplets, perMicroBatch: section.perMicroBatch,
        microBatchesPerStep: values.batch.microBatches, seed: values.seed)
    }
    return (training, test, plan)
  }

  // MARK: - What there is

  var stepsPerEpoch: Int { epochs.stepsPerEpoch }
  var errorPolicy: ErrorPolicy { configuration.data.errorPolicy }
  var model: String {
    "\(configuration.model.name.rawValue) \(configuration.model.imageSize) px"
  }
  var data: String {
    "\(training.records.count) training and \(validation.records.count) validation faces"
      + (triplets.map {
        ", \($0.training.triplets.count) training and \($0.test.triplets.count) test triplets"
      } ?? "")
  }
  var lists: [(path: String, problems: [RowProblem])] {
    ([training, validation] + (triplets.map { [$0.training.faces, $0.test.faces] } ?? []))
      .map { ($0.path, $0.problems) }
  }

  var remarks: [String] {
    guard configuration.data.alignment == .eyes else { return [] }
    return [training, validation].compactMap { list in
      let missing = list.records.count - list.records.countWithEyes
      return missing > 0
        ? "\(list.path): \(missing) faces without eyes are upright squares instead" : nil
    }
  }

  func dataDigest() throws -> String {
    let digest = try SHA256()
    try training.forEachDecidingPiece { try digest.update($0) }
    try triplets?.training.forEachDecidingPiece { try digest.update($0) }
    return try digest.finish()
  }

  // MARK: - What is made of it

  func makePlan(gradientSlots: Int) throws -> TrainingPlan {
    try TrainingPlan(
      graph: configuration.network.graph(trainedBy: configuration.objective),
      microBatch: configuration.batch.micro, precision: configuration.precision,
      gradientSlots: gradientSlots, pixels: .asRead)
  }

  func loadInitialWeights(into parameters: ParameterStore) throws -> String? {
    guard let path = configuration.model.weights else { return nil }
    guard FileManager.default.isReadableFile(atPath: path) else {
      throw TrainerError.configuration([
        loaded.mistake("model.weights", "'\(path)' cannot be read; name a safetensors file")
      ])
    }
    let fresh = try InitialWeights.load(
      path, into: parameters, heads: configuration.network.heads)
    let exception =
      fresh.isEmpty ? "" : "; \(fresh.joined(separator: ", ")) of another shape start afresh"
    return "weights from \(path)\(exception)"
  }

  func makeTask(
    _ plan: TrainingPlan, steps: Range<Int>, leaves: Range<Int>, evaluated: ParameterStore,
    logger: Logger
  ) throws -> any TrainingTask {
    let inference = try FaceInference(
      network: configuration.network, precision: configuration.precision,
      parameters: evaluated, settings: configuration.evaluationSettings, job: job)
    return TeacherTask(
      plan: plan, faces: try makeFaces(plan, steps: steps, leaves: leaves),
      triplets: try makeTriplets(plan, steps: steps, leaves: leaves),
      evaluator: FaceEvaluator(inference, faces: validation, triplets: triplets?.test),
      logger: logger)
  }

  private func makeFaces(
    _ plan: TrainingPlan, steps: Range<Int>, leaves: Range<Int>
  ) throws -> LabelledRows {
    let (data, objective) = (configuration.data, configuration.objective)
    return try LabelledRows(
      plan: plan, rows: objective.faces, records: training.records,
      hasAffect: configuration.loss.hasAffect, mixed: objective.mixed,
      loader: try BatchLoader(
        manifest: training,
        augmentation: data.augmentation(imageSize: configuration.model.imageSize), mode: .training,
        requests: epochs.requests(steps: steps, leaves: leaves), seed: configuration.seed,
        microBatch: objective.faces, workers: data.workers, queueDepth: data.queueBatches,
        format: SampleFormat(try plan.pixels(input: "images").format),
        mixing: data.augmentation.mixing, onError: data.errorPolicy.withoutLimit),
      classWeights: data.balance == .loss
        ? training.classWeights : Array(repeating: 1, count: Expression.allCases.count))
  }

  private func makeTriplets(
    _ plan: TrainingPlan, steps: Range<Int>, leaves: Range<Int>
  ) throws -> TripletRows? {
    guard let triplets else { return nil }
    let (data, objective) = (configuration.data, configuration.objective)
    // Faces of triplets have other random numbers than labelled faces of the same number.
    var generator = CounterRandom(seed: configuration.seed, purpose: .tripletFaces)
    return try TripletRows(
      plan: plan, rows: objective.faces..<plan.microBatch,
      loader: try BatchLoader(
        manifest: triplets.training.faces,
        augmentation: data.augmentation(imageSize: configuration.model.imageSize), mode: .training,
        requests: triplets.plan.requests(steps: steps, leaves: leaves), seed: generator.next(),
        microBatch: 3 * objective.triplets, workers: data.workers, queueDepth: data.queueBatches,
        format: SampleFormat(try plan.pixels(input: "images").format),
        onError: data.errorPolicy.withoutLimit),
      margins: triplets.plan.margins(steps: steps, leaves: leaves),
      firstNumber: training.records.count)
  }
}

extension LoadedConfiguration<TeacherConfiguration> {
  /// The order of the samples; a refusal of Datasets becomes a mistake that says where the value
  /// stands.
  func epochPlan(for manifest: FaceManifest) throws -> EpochPlan {
    do {
      return try EpochPlan(
        classOfSample: manifest.classOfSample,
        globalBatch: values.facesPerMicroBatch * values.batch.microBatches,
        microBatch: values.facesPerMicroBatch, seed: values.seed,
        sampling: values.data.balance == .sampling ? .balanced : .shuffled,
        shards: values.data.windows(of: manifest))
    } catch DatasetError.setting(let name, let reason) {
      throw TrainerError.configuration([mistake(name, reason)])
    }
  }
}
