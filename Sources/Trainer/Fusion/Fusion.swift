import Datasets
import Digests
import Logging
import Nets

/// The stage `fusion`: valence and arousal over time, from what trained extractors make of films and
/// sounds.
public enum Fusion {
  /// The configuration's keys with their meaning, for a help text.
  public static var keyTable: String { FusionConfiguration.keyTable }

  /// Runs the stage as one rank of `job`. Collective.
  ///
  /// - Returns: `.finished` or `.preempted`.
  /// - Throws: `TrainerError.agreed` for what all ranks know; anything else is this rank's own.
  public static func run(_ options: StageOptions, job: Job) throws -> ExitStatus {
    try StageRun<FusionStage>.run(options, job: job)
  }
}

/// What the stage trains, and on what.
private struct FusionStage: Stage {
  private let loaded: LoadedConfiguration<FusionConfiguration>
  private let job: Job
  private let recordings: [AnnotatedRecording]
  private let epochs: EpochPlan
  private var prepared: Prepared?

  private var configuration: FusionConfiguration { loaded.values }

  /// What there is once features are.
  private struct Prepared {
    var training: TrainingWindows
    var validation: FusionSplit
    var standardisation: Standardisation
    var tuned: TunedExtractors
    var folder: RunFolder
  }

  static var samples: String { "windows" }

  static func requireFiles(_ configuration: FusionConfiguration) throws {
    guard DurableFiles.exists(configuration.data.root) else {
      throw TrainerError.missingData(path: configuration.data.root, key: "data.root")
    }
  }

  init(_ loaded: LoadedConfiguration<FusionConfiguration>, job: Job) throws {
    self.loaded = loaded
    self.job = job
    recordings = try job.agreement.onRankZero {
      try loaded.requireFaceFiles()
      return try AnnotatedRecording.all(
        of: [.training, .validation], in: loaded.values.data,
        for: loaded.values.fusion.modalities.all)
    }
    epochs = try job.agreement.together { [recordings] in
      try loaded.epochPlan(
        frameCounts: recordings.filter { $0.split == Split.training.rawValue }.map(\.frames.count))
    }
  }

  mutating func prepare(
    in folder: RunFolder, console: Console, isStopRequested: () throws -> Bool
  ) throws -> Bool {
    let extractors = try job.agreement.together { try FusionExtractors(loaded) }
    let reader = FusionReader(
      configuration: configuration, extractors: extractors, isTraining: true, job: job,
      cache: configuration.cache(of: folder), console: console)
    guard
      let splits = try reader.read(recordings, isStopRequested: isStopRequested),
      let training = splits[.training], let validation = splits[.validation]
    else { return false }
    let standardisation = try Standardisation(
      of: training, modalities: configuration.fusion.modalities.all, job: job)
    prepared = Prepared(
      training: TrainingWindows(training, configuration), validation: validation,
      standardisation: standardisation, tuned: extractors.tuned, folder: folder)
    return true
  }

  /// - Throws: never, once the stage is prepared.
  private func ready() -> Prepared {
    guard let prepared else { preconditionFailure("a stage is prepared before it is run") }
    return prepared
  }

  // MARK: - What there is

  var stepsPerEpoch: Int { epochs.stepsPerEpoch }
  let errorPolicy = ErrorPolicy.fail
  var model: String {
    let (model, window) = (configuration.model, configuration.window)
    return
      "\(model.bidirectional ? "bidirectional " : "")\(model.name.rawValue) of \(model.hidden) "
      + "over \(configuration.fusion.modalities.rawValue), \(window.frames) frames"
      + ready().tuned.summary.map { ", tuning \($0)" }.joined()
  }
  var data: String {
    let ready = ready()
    return "\(ready.training.windows.count) windows of \(ready.training.split.recordings.count) "
      + "training and \(ready.validation.recordings.count) validation recordings"
  }
  let lists: [(path: String, problems: [RowProblem])] = []

  var remarks: [String] {
    let faces = [("training", ready().training.split), ("validation", ready().validation)]
      .compactMap { name, split in
        split.framesWithoutFace > 0
          ? "\(split.framesWithoutFace) of \(split.frameCount) \(name) frames have no face: the network "
            + "sees the mean there, and that it is missing" : nil
      }
    let all = FusionSplit(
      recordings: ready().training.split.recordings + ready().validation.recordings)
    return faces
      + Modality.allCases.compactMap { modality in
        all.without[modality].map { names in
          "\(names.count) of \(all.recordings.count) recordings have no \(modality.medium) and are used "
            + "without: \(names.joined(separator: ", "))"
        }
      }
  }

  func dataDigest(isSteered: Bool) throws -> String {
    let digest = try SHA256()
    let ready = ready()
    let validation = isSteered ? ready.validation.recordings : []
    for recording in ready.training.split.recordings + validation {
      for text in [recording.name] + recording.contentDigests {
        try Array("\(text)\n".utf8).withUnsafeBytes { try digest.update($0) }
      }
      try recording.labels.withUnsafeBytes { try digest.update($0) }
    }
    return try digest.finish()
  }

  // MARK: - What is made of it

  func parameterNames() throws -> [String] {
    let tuned = try FusionExtractors(loaded).tuned
    // However many features are given, the names are the same.
    let given = Dictionary(
      uniqueKeysWithValues: configuration.fusion.modalities.all.map { ($0, 1) })
    let widths = given.merging(try tuned.widths()) { $1 }
    return try configuration.trainingGraph(widths: widths, tuned: tuned).parameters.map(\.name)
  }

  func makeGraph() throws -> Graph {
    try configuration.trainingGraph(
      widths: ready().standardisation.widths, tuned: ready().tuned)
  }

  func loadInitialWeights(into parameters: ParameterStore) throws -> String? {
    let files = try ready().tuned.loadWeights(into: parameters)
    return files.isEmpty ? nil : "weights from \(files.joined(separator: " and "))"
  }

  func makeTask(
    _ plan: TrainingPlan, steps: Range<Int>, leaves: Range<Int>, evaluated: ParameterStore,
    logger: Logger
  ) throws -> any TrainingTask {
    let ready = ready()
    // Only now is it certain that the run folder is this training's.
    if job.isRankZero {
      try ready.standardisation.write(to: ready.folder.standardisation)
    }
    let predictor = FusionPredictor(
      try WindowPlan(
        configuration, tuned: ready.tuned, standardisation: ready.standardisation,
        parameters: evaluated, batch: configuration.batch.micro), job: job)
    let choices = PostProcessingFile(path: ready.folder.postProcessing)
    let isRankZero = job.isRankZero
    let position = FusionTask.Position(step: steps.lowerBound)
    let evaluator = FusionEvaluator(
      predictor: predictor, split: .validation, recordings: ready.validation,
      dispensable: configuration.dispensable,
      postProcessing: .chosen(configuration.postProcessing) { choice in
        if isRankZero { try choices.add(choice, step: position.step) }
      })
    return try FusionTask(
      plan: plan, training: ready.training,
      requests: epochs.requests(steps: steps, leaves: leaves),
      standardisation: ready.standardisation, tuned: ready.tuned, evaluator: evaluator,
      position: position)
  }
}

extension FusionConfiguration {
  /// The folder of extracted features.
  func cache(of run: RunFolder) -> FeatureCache {
    FeatureCache(folder: features.cache ?? run.features)
  }

  /// The modalities that the network has learned to do without.
  var dispensable: [Modality] { fusion.modalityDropout > 0 ? fusion.modalities.all : [] }

  /// The network with its losses.
  ///
  /// Inputs beside the network's: `targets` `[T, 2]`, valence and arousal, not a number where unknown,
  /// and `target_weights` `[T]`.
  fileprivate func trainingGraph(
    widths: [Modality: Int], tuned: TunedExtractors
  ) throws -> Graph {
    var network = try self.network(widths: widths, tuned: tuned).network()
    let targets = network.graph.input("targets", .floats, shape: [window.frames, 2])
    let weights = network.graph.input("target_weights", .floats, shape: [window.frames])
    if loss.concordance > 0 {
      try network.graph.concordanceLoss(
        network.predictions, targets: targets, weights: weights, name: "concordance_loss",
        dimensions: ["valence_ccc", "arousal_ccc"], factor: Float(loss.concordance))
    }
    if loss.squaredError > 0 {
      try network.graph.meanSquaredError(
        network.predictions, targets: targets, weights: weights, name: "affect_loss",
        dimensions: ["valence_mse", "arousal_mse"], factor: Float(loss.squaredError))
    }
    return network.graph
  }
}

extension LoadedConfiguration<FusionConfiguration> {
  /// - Throws: `TrainerError.configuration` naming what is not there.
  fileprivate func requireFaceFiles() throws {
    let files = [
      ("faces.tracks", values.trackFolder), ("faces.landmarks", values.faces.landmarks),
    ]
    let mistakes = files.compactMap { key, path in
      path.flatMap { DurableFiles.exists($0) ? nil : mistake(key, "'\($0)' does not exist") }
    }
    guard mistakes.isEmpty else { throw TrainerError.configuration(mistakes) }
  }

  /// The order of the windows; a refusal of Datasets becomes a mistake that says where the value
  /// stands.
  fileprivate func epochPlan(frameCounts: [Int]) throws -> EpochPlan {
    let longest = frameCounts.max() ?? 0
    guard values.delay.frames.allSatisfy({ $0 < longest }) else {
      let seconds = Double(longest) * FrameClock.periodSeconds
      throw TrainerError.configuration([
        mistake(
          "delay_seconds",
          "no training recording is longer than \(seconds) s: no frame has an annotation so much later"
        )
      ])
    }
    let windows = FusionWindow.windows(
      of: frameCounts, length: values.window.frames, overlap: values.window.overlap
    ).count
    return try pointing(words: { $0.replacing("samples", with: "windows") }) {
      try EpochPlan(
        classOfSample: Array(repeating: 0, count: windows), globalBatch: values.batch.global,
        microBatch: values.batch.micro, seed: values.seed, sampling: .shuffled)
    }
  }
}

extension RunFolder {
  /// Extracted features, where the configuration names no other folder.
  var features: String { "\(path)/features" }
  /// Mean and deviation of features over the training set.
  var standardisation: String { "\(path)/standardisation.safetensors" }
  /// What each evaluation chose for predictions to undergo.
  var postProcessing: String { "\(path)/postprocessing.json" }

  /// What the run's evaluation of some weights chose; nil where there was none.
  ///
  /// - Parameter step: the update that the weights are from; nil where nobody knows.
  /// - Throws: `TrainerError.featuresBroken`.
  func postProcessing(ofWeights weights: String, step: Int?) throws -> AffectPostProcessing? {
    guard let step, owns(weights) else { return nil }
    return try PostProcessingFile(path: postProcessing).choice(step: step)
  }
}
