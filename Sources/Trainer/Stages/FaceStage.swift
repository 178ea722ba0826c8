import CounterRandom
import Datasets
import Digests
import Foundation
import Logging
import Nets

/// A training of a face network on labelled faces and triplets; of a student, by its teacher as well.
struct FaceStage<Configuration: FaceConfiguration>: Stage {
  private let loaded: LoadedConfiguration<Configuration>
  private let job: Job
  private let training: FaceManifest
  private let validation: FaceManifest
  private let triplets: (training: FaceTriplets, test: FaceTriplets, plan: TripletPlan)?
  private let epochs: EpochPlan
  /// Nil for a network without a teacher.
  private var teaching: Teaching?

  private var configuration: Configuration { loaded.values }

  static var samples: String { "images" }

  static func requireFiles(_ configuration: Configuration) throws {
    try configuration.data.requireFiles()
    try configuration.triplets.requireFiles()
    try configuration.distillation?.requireFiles()
  }

  init(_ loaded: LoadedConfiguration<Configuration>, job: Job) throws {
    let data = loaded.values.data
    let training = try job.agreement.manifestOfRankZero { try data.manifest(data.trainPath) }
    let validation = try job.agreement.manifestOfRankZero {
      try data.manifest(data.validationPath)
    }
    epochs = try job.agreement.together { try loaded.epochPlan(for: training) }
    triplets = try Self.readTriplets(loaded, job)
    teaching = try loaded.values.distillation.map {
      try Teaching($0, loaded, validation: validation, job: job)
    }
    self.training = training
    self.validation = validation
    self.loaded = loaded
    self.job = job
  }

  private static func readTriplets(
    _ loaded: LoadedConfiguration<Configuration>, _ job: Job
  ) throws -> (FaceTriplets, FaceTriplets, TripletPlan)? {
    let (values, section) = (loaded.values, loaded.values.triplets)
    // Both lists name images of one map, which only rank 0 reads.
    var images: ImageMap?
    try job.agreement.onRankZero { images = try section.imageMap() }
    func read(_ list: String) throws -> FaceTriplets? {
      try job.agreement.tripletsOfRankZero {
        try section.triplets(list, images: images, onError: values.data.errorPolicy)
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
      } ?? "") + (teaching?.summary ?? "")
  }
  var lists: [(path: String, problems: [RowProblem])] {
    ([training, validation] + (triplets.map { [$0.training.faces, $0.test.faces] } ?? [])
      + (teaching?.lists ?? [])).map { ($0.path, $0.problems) }
  }
  var remarks: [String] { missingEyes + missingLabels + (teaching?.remarks ?? []) }

  var untaught: [String] {
    let teacher = configuration.objective.distillation
    return (hasClasses || teacher?.classes ?? 0 > 0 ? [] : ["logits"])
      + (lacksAffect && teacher?.affect ?? 0 == 0 ? ["affect"] : [])
  }

  private var missingLabels: [String] {
    let lacking = [
      ("logits", !hasClasses, "an expression", "loss.expression learns"),
      (
        "affect", lacksAffect, "valence, or none has arousal",
        "loss.concordance and loss.squared_error learn"
      ),
    ]
    return lacking.filter(\.1).map { output, _, label, losses in
      "warning: no face of \(training.path) has \(label): \(losses) nothing of it"
        + (untaught.contains(output) ? "; predictions and exports leave it out" : "")
    }
  }

  /// Whether any face has an expression.
  private var hasClasses: Bool { training.classCounts.contains { $0 > 0 } }

  /// Whether there are losses on valence and arousal, and no labels for one of them.
  private var lacksAffect: Bool {
    let records = training.records
    return configuration.loss.hasAffect
      && [\SIMD2<Float>.x, \.y].contains { part in
        !records.indices.contains { !records.affect(at: $0)[keyPath: part].isNaN }
      }
  }

  private var missingEyes: [String] {
    guard configuration.data.alignment == .eyes else { return [] }
    return [training, validation].compactMap { list in
      let missing = list.records.count - list.records.countWithEyes
      return missing > 0
        ? "\(list.path): \(missing) faces without eyes are upright squares instead" : nil
    }
  }

  func dataDigest(isSteered: Bool) throws -> String {
    let digest = try SHA256()
    try training.forEachDecidingPiece { try digest.update($0) }
    try triplets?.training.forEachDecidingPiece { try digest.update($0) }
    try teaching?.update(digest)
    if isSteered {
      try validation.forEachDecidingPiece { try digest.update($0) }
      try triplets?.test.forEachDecidingPiece { try digest.update($0) }
    }
    return try digest.finish()
  }

  func choiceDigest() throws -> String? { try teaching?.choiceDigest() }

  // MARK: - What is made of it

  mutating func prepare(
    in folder: RunFolder, console: Console, isStopRequested: () throws -> Bool
  ) throws -> Bool {
    let (configuration, training) = (configuration, training)
    if teaching != nil, configuration.model.weights != nil {
      // Weights that do not fit are refused before the teacher is asked, which may take hours.
      try job.agreement.together {
        _ = try loadInitialWeights(into: ParameterStore(inferenceFor: makeGraph()))
      }
    }
    return try teaching?.prepare(
      configuration, labelled: training, folder: folder, console: console,
      isStopRequested: isStopRequested) ?? true
  }

  func makeGraph() throws -> Graph {
    try configuration.network.graph(trainedBy: configuration.objective)
  }

  func loadInitialWeights(into parameters: ParameterStore) throws -> String? {
    try loaded.loadInitialWeights(
      configuration.model.weights, into: parameters, heads: configuration.network.heads)
  }

  func makeTask(
    _ plan: TrainingPlan, steps: Range<Int>, leaves: Range<Int>, evaluated: ParameterStore,
    logger: Logger
  ) throws -> any TrainingTask {
    let inference = try FaceInference(
      network: configuration.network, precision: configuration.precision,
      parameters: evaluated, settings: configuration.evaluationSettings, job: job)
    return FaceTask(
      plan: plan, faces: try makeFaces(plan, steps: steps, leaves: leaves),
      triplets: try makeTriplets(plan, steps: steps, leaves: leaves),
      taught: try makeTaught(plan, steps: steps, leaves: leaves),
      evaluator: FaceEvaluator(inference, faces: validation, triplets: triplets?.test),
      gallery: configuration.logging.images
        ? FaceGallery(
          faces: validation, augmentation: configuration.evaluationSettings.augmentation) : nil,
      preview: preview, logger: logger)
  }

  private var preview: FacePreview {
    let data = configuration.data
    return FacePreview(
      faces: training, epochs: epochs,
      augmentation: data.augmentation(imageSize: configuration.model.imageSize),
      mixing: data.augmentation.mixing, seed: configuration.seed)
  }

  private func makeFaces(
    _ plan: TrainingPlan, steps: Range<Int>, leaves: Range<Int>
  ) throws -> LabelledRows {
    let (data, objective) = (configuration.data, configuration.objective)
    return try LabelledRows(
      plan: plan, rows: objective.faces, known: training.records,
      hasAffect: configuration.loss.hasAffect,
      classWeights: data.balance == .loss
        ? training.classWeights : Array(repeating: 1, count: Expression.allCases.count),
      mixed: objective.mixed, epochs: epochs, steps: steps, leaves: leaves,
      loader: configuration.makeTrainingLoader(
        training, requests: epochs.requests(steps: steps, leaves: leaves),
        seed: configuration.seed, microBatch: objective.faces, plan: plan,
        mixing: data.augmentation.mixing))
  }

  private func makeTriplets(
    _ plan: TrainingPlan, steps: Range<Int>, leaves: Range<Int>
  ) throws -> TripletRows? {
    guard let triplets else { return nil }
    let objective = configuration.objective
    // Faces of triplets have other random numbers than labelled faces of the same number.
    var generator = CounterRandom(seed: configuration.seed, purpose: .tripletFaces)
    return try TripletRows(
      plan: plan, rows: (objective.faces + objective.unlabeled)..<plan.microBatch,
      loader: configuration.makeTrainingLoader(
        triplets.training.faces, requests: triplets.plan.requests(steps: steps, leaves: leaves),
        seed: generator.next(), microBatch: 3 * objective.triplets, plan: plan),
      margins: triplets.plan.margins(steps: steps, leaves: leaves),
      firstNumber: training.records.count)
  }

  private func makeTaught(
    _ plan: TrainingPlan, steps: Range<Int>, leaves: Range<Int>
  ) throws -> TaughtFaces? {
    guard let teaching, let rows = try teaching.makeTaughtRows(plan, configuration.objective)
    else { return nil }
    let firstNumber = training.records.count + (triplets?.training.faces.records.count ?? 0)
    let unlabeled = try teaching.makeUnlabeled(
      configuration, plan, steps: steps, leaves: leaves, firstNumber: firstNumber)
    return TaughtFaces(
      rows: rows,
      labelledAnswers: try teaching.makeLabelledAnswers(
        configuration, training, requests: epochs.requests(steps: steps, leaves: leaves)),
      unlabeled: unlabeled?.0, unlabeledAnswers: unlabeled?.1,
      problems: teaching.problems(firstNumber: firstNumber))
  }
}

extension FaceConfiguration {
  /// Starts loading the training's samples of one list, in the format of the plan.
  func makeTrainingLoader(
    _ manifest: FaceManifest, requests: sending some Sequence<MicroBatchRequest>, seed: UInt64,
    microBatch: Int, plan: TrainingPlan, mixing: BatchMixing = .none
  ) throws -> BatchLoader {
    try BatchLoader(
      manifest: manifest, augmentation: data.augmentation(imageSize: model.imageSize),
      mode: .training, requests: requests, seed: seed, microBatch: microBatch,
      workers: data.workers, queueDepth: data.queueBatches,
      format: SampleFormat(try plan.pixels(input: "images").format), mixing: mixing,
      onError: data.errorPolicy.withoutLimit)
  }
}

extension LoadedConfiguration where Root: FaceConfiguration {
  /// The order of the samples; a refusal of Datasets becomes a mistake that says where the value
  /// stands.
  func epochPlan(for manifest: FaceManifest) throws -> EpochPlan {
    let globalBatch = values.facesPerMicroBatch * values.batch.microBatches
    guard globalBatch <= manifest.records.count else {
      throw TrainerError.configuration([batchMistake(faces: manifest.records.count)])
    }
    return try pointing {
      try EpochPlan(
        classOfSample: manifest.classOfSample, globalBatch: globalBatch,
        microBatch: values.facesPerMicroBatch, seed: values.seed,
        sampling: values.data.balance == .sampling ? .balanced : .shuffled,
        shards: values.data.windows(of: manifest))
    }
  }

  /// That an epoch of so many labelled faces has no step, with the largest batch that would.
  private func batchMistake(faces: Int) -> ConfigurationMistake {
    let (labelled, batch) = (values.facesPerMicroBatch, values.batch)
    let share =
      labelled == batch.micro
      ? "" : " (\(labelled) of the \(batch.micro) rows of a micro-batch are such faces)"
    let most = faces / labelled * batch.micro
    return mistake(
      "batch.global",
      "a step takes \(labelled * batch.microBatches) labelled faces\(share), and an epoch has "
        + "\(faces); "
        + (most > 0 ? "\(most) is the largest that fits" : "lower batch.micro as well"))
  }
}
