import Datasets
import Digests
import Distributed
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
    let loaded = try job.agreement.together {
      try TeacherSetup.configuration(options, worldSize: job.communicator.worldSize)
    }
    try job.agreement.onRankZero { try loaded.values.data.requireFiles() }
    let folder = try job.prepareRunFolder(stage: "teacher", options: options)
    let engine = try job.configureEngine(
      threads: loaded.values.threads, allowIdentityChange: options.allowIdentityChange)
    let data = loaded.values.data
    let training = try job.agreement.manifestOfRankZero { try data.manifest(data.trainPath) }
    let validation = try job.agreement.manifestOfRankZero { try data.manifest(data.validationPath) }
    let setup = try job.agreement.together {
      try TeacherSetup(
        loaded: loaded, folder: folder, engine: engine, job: job, training: training,
        validation: validation)
    }
    return try setup.makeLoop(options: options).run()
  }
}

/// Builds what the training loop turns, from a configuration.
private struct TeacherSetup {
  let loaded: LoadedConfiguration<TeacherConfiguration>
  let folder: RunFolder
  let engine: EngineIdentity
  let job: Job
  let logger: Logger
  let console: Console
  let training: FaceManifest
  let validation: FaceManifest
  let epochs: EpochPlan
  let settings: LoopSettings
  let tree: MicroBatchTree
  let plan: TrainingPlan

  private var configuration: TeacherConfiguration { loaded.values }

  // MARK: - Checks before anything is built

  /// The configuration, checked against the number of ranks.
  static func configuration(
    _ options: StageOptions, worldSize: Int
  ) throws -> LoadedConfiguration<TeacherConfiguration> {
    let loaded = try TeacherConfiguration.load(
      file: options.configurationFile, overrides: options.overrides)
    do {
      _ = try MicroBatchTree(
        microBatches: loaded.values.batch.microBatches, rank: 0, worldSize: worldSize)
    } catch {
      throw TrainerError.configuration([loaded.mistake("batch.global", "\(error)")])
    }
    if loaded.values.precision == .bf16, Engine.capabilities.bfloat16 == .missing {
      let set = Engine.identity(threads: loaded.values.threads).instructionSet
      throw TrainerError.configuration([
        loaded.mistake(
          "precision", "bf16 needs kernels with AVX-512, and they have \(set) here; use f32")
      ])
    }
    return loaded
  }

  init(
    loaded: LoadedConfiguration<TeacherConfiguration>, folder: RunFolder, engine: EngineIdentity,
    job: Job, training: FaceManifest, validation: FaceManifest
  ) throws {
    let configuration = loaded.values
    let batch = configuration.batch
    self.loaded = loaded
    self.folder = folder
    self.engine = engine
    self.job = job
    logger = try RankLogHandler.logger(path: folder.log(rank: job.rank), rank: job.rank)
    console = Console(
      style: job.isRankZero ? (LaunchEnvironment.current.isTerminal ? .bar : .lines) : .silent)
    self.training = training
    self.validation = validation
    epochs = try loaded.epochPlan(for: training)
    settings = try loaded.loopSettings(stepsPerEpoch: epochs.stepsPerEpoch)
    tree = try MicroBatchTree(
      microBatches: batch.microBatches, rank: job.rank, worldSize: job.communicator.worldSize)
    plan = try TrainingPlan(
      model: loaded.values.modelDescription, microBatch: batch.micro,
      precision: configuration.precision, gradientSlots: tree.slotCount,
      mixed: configuration.data.augmentation.mixing != .none, pixels: .asRead)
  }

  // MARK: - The loop

  /// Puts the loop together, at the checkpoint it goes on from. Collective.
  func makeLoop(options: StageOptions) throws -> TrainingLoop {
    let parts = try makeParts()
    tellWhatWasFound()
    let checkpoint = try job.findCheckpoint(
      in: parts.checkpoints, options: options, identity: parts.identity,
      report: { console.say("passed over \($0)") })
    try job.agreement.together { try startWeights(at: checkpoint, snapshot: parts.snapshot) }
    var position =
      checkpoint.map { TrainingPosition($0.state, settings: settings) } ?? TrainingPosition()
    if let checkpoint { try supersede(parts.checkpoints, after: checkpoint) }
    try forgetBestOfAnotherRun(&position)
    try job.agreement.onRankZero {
      try DurableFiles.replace(folder.configuration, with: Array(configuration.yaml().utf8))
    }
    return TrainingLoop(
      job: job, task: try job.agreement.together { try makeTask(firstStep: position.step) },
      parts: parts, settings: settings, position: position,
      reporter: try job.agreement.together { try makeReporter(position) })
  }

  /// Moves checkpoints away that are later than the one the run goes on from. Collective.
  private func supersede(_ store: CheckpointStore, after checkpoint: Checkpoint) throws {
    let later = try job.agreement.onRankZero { try store.supersede(after: checkpoint.state.step) }
    guard !later.isEmpty else { return }
    console.say(
      "later checkpoints (step \(later.map(String.init).joined(separator: ", "))) are in "
        + "\(store.folder)/superseded now")
  }

  /// A checkpoint of another run folder, or from before the best model was replaced, knows a best
  /// model that is not in this folder: the best from here on is kept instead. Collective.
  private func forgetBestOfAnotherRun(_ position: inout TrainingPosition) throws {
    guard let best = position.best,
      try !job.agreement.onRankZero({
        (try? ModelSnapshot.step(ofModel: folder.bestModel)) == best.step
      })
    else { return }
    position.best = nil
    console.say(
      String(
        format: "the best model so far (%.4f after step %d) is not in this run folder; "
          + "the best from here on will be", best.score, best.step))
  }

  private func makeParts() throws -> TrainingParts {
    let optimizer = configuration.optimizer.makeOptimizer(for: plan.parameters)
    return TrainingParts(
      step: TrainingStep(
        plan: plan, tree: tree,
        reducer: try GradientReducer(
          communicator: job.communicator, algorithm: configuration.reduction,
          buckets: plan.buckets(capacityBytes: GradientReducer.bucketBytes),
          count: plan.slotLayout.count),
        optimizer: optimizer, agreement: job.agreement, microBatch: configuration.batch.micro,
        microBatches: configuration.batch.microBatches, seed: configuration.seed),
      schedule: loaded.schedule(totalSteps: settings.totalSteps, epochs.stepsPerEpoch),
      snapshot: ModelSnapshot(parameters: plan.parameters, optimizer: optimizer),
      checkpoints: CheckpointStore(
        folder: folder.checkpoints, keep: configuration.checkpoint.keep),
      run: folder, identity: try makeIdentity(), stepsPerEpoch: epochs.stepsPerEpoch)
  }

  private func makeIdentity() throws -> CheckpointState {
    CheckpointState(
      step: 0, epoch: 0, isEvaluated: true, best: nil, skippedSamples: [],
      microBatches: configuration.batch.microBatches, engine: engine,
      trainingData: try training.digest(),
      configuration: configuration.resultDecidingValues)
  }

  private func startWeights(at checkpoint: Checkpoint?, snapshot: ModelSnapshot) throws {
    if let checkpoint {
      try snapshot.load(checkpoint)
      console.say("going on from \(checkpoint.path)")
      logger.notice("going on from \(checkpoint.path)")
    } else {
      try plan.parameters.initialize(seed: configuration.seed)
      if let weights = configuration.model.weights { try loadWeights(weights) }
    }
    try plan.refreshWeights()
  }

  private func loadWeights(_ path: String) throws {
    guard FileManager.default.isReadableFile(atPath: path) else {
      throw TrainerError.configuration([
        loaded.mistake("model.weights", "'\(path)' cannot be read; name a safetensors file")
      ])
    }
    let fresh = try InitialWeights.load(
      path, into: plan.parameters, head: configuration.model.name.head)
    let exception =
      fresh.isEmpty ? "" : "; \(fresh.joined(separator: ", ")) of another shape start afresh"
    console.say("weights from \(path)\(exception)")
  }

  private func makeTask(firstStep: Int) throws -> ExpressionTask {
    let (data, batch) = (configuration.data, configuration.batch)
    let augmentation = data.augmentation(imageSize: configuration.model.imageSize)
    let loader = try BatchLoader(
      manifest: training, augmentation: augmentation, mode: .training,
      requests: epochs.requests(steps: firstStep..<settings.totalSteps, leaves: tree.leaves),
      seed: configuration.seed, microBatch: batch.micro, workers: data.workers,
      queueDepth: data.queueBatches,
      format: SampleFormat(try plan.pixels(input: "images").format),
      mixing: data.augmentation.mixing,
      onError: data.errorPolicy.withoutLimit)
    let evaluator = try ClassificationEvaluator(
      manifest: validation, data: configuration.evaluationData,
      model: configuration.modelDescription, precision: configuration.precision,
      parameters: plan.parameters, job: job)
    return try ExpressionTask(
      plan: plan, mixed: data.augmentation.mixing != .none, loader: loader, evaluator: evaluator,
      classWeights: data.balance == .loss
        ? training.classWeights : Array(repeating: 1, count: Expression.allCases.count),
      logger: logger)
  }

  private func makeReporter(_ position: TrainingPosition) throws -> TrainingReporter {
    TrainingReporter(
      job: job, logger: logger, console: console,
      metrics: job.isRankZero
        ? try MetricsFile(
          path: folder.metrics, resumingAfter: position.step,
          isEvaluated: !position.isEvaluationOwed) : nil,
      tensorBoard: job.isRankZero
        ? try TensorBoardFile(
          folder: folder.path, firstStep: position.step, host: job.communicator.hostName) : nil,
      settings: settings, stepsPerEpoch: epochs.stepsPerEpoch,
      globalBatch: configuration.batch.global, rowsLeftOut: training.problems.count)
  }

  /// Says what the run is made of, and which rows it leaves out.
  private func tellWhatWasFound() {
    let ranks = job.communicator.worldSize
    let summary =
      "\(configuration.model.name.rawValue) \(configuration.model.imageSize) px "
      + "\(configuration.precision.rawValue) · \(ranks) rank\(ranks == 1 ? "" : "s") × "
      + "\(configuration.threads) thread\(configuration.threads == 1 ? "" : "s") · "
      + "\(training.records.count) training and \(validation.records.count) validation faces · "
      + "\(settings.totalSteps) steps of \(configuration.batch.global)"
    console.say(summary)
    console.say("run folder \(folder.path)")
    logger.notice("\(summary); rank \(job.rank) on \(job.communicator.hostName), \(engine.summary)")
    if let caveat = configuration.reduction.caveat { console.say(caveat) }
    tellWhatWillBeSlow()
    tellWhoHasNoEyes()
    for manifest in [training, validation] where !manifest.problems.isEmpty {
      console.say(
        "\(manifest.path): \(manifest.problems.count) rows left out, listed in "
          + folder.log(rank: 0))
      if job.isRankZero { manifest.problems.forEach { logger.warning("\($0)") } }
    }
  }
}

extension TeacherSetup {
  private func tellWhoHasNoEyes() {
    guard configuration.data.alignment == .eyes else { return }
    for manifest in [training, validation] {
      let missing = manifest.records.count - manifest.records.countWithEyes
      if missing > 0 {
        console.say("\(manifest.path): \(missing) faces without eyes are upright squares instead")
      }
    }
  }

  private func tellWhatWillBeSlow() {
    for text in job.slowKernels(precision: configuration.precision) {
      console.say("warning: \(text)")
      logger.warning("\(text)")
    }
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

  /// The intervals in steps, now that the length of an epoch is known.
  fileprivate func loopSettings(stepsPerEpoch: Int) throws -> LoopSettings {
    let all = values.train.epochs * stepsPerEpoch
    let settings = LoopSettings(
      totalSteps: min(all, values.train.maximumSteps ?? all),
      evaluationEvery: values.evaluation.every.steps(stepsPerEpoch: stepsPerEpoch),
      checkpointEvery: values.checkpoint.everySteps, loggingEvery: values.logging.everySteps,
      onDataError: values.data.errorPolicy)
    let warmup = values.schedule.warmup.steps(stepsPerEpoch: stepsPerEpoch)
    guard warmup <= settings.totalSteps else {
      throw TrainerError.configuration([
        mistake(
          "schedule.warmup",
          "\(values.schedule.warmup) are \(warmup) steps, the training has "
            + "\(settings.totalSteps); shorten the warm-up")
      ])
    }
    return settings
  }

  fileprivate func schedule(totalSteps: Int, _ stepsPerEpoch: Int) -> LearningRateSchedule {
    LearningRateSchedule(
      name: values.schedule.name, peak: values.optimizer.learningRate,
      warmupSteps: values.schedule.warmup.steps(stepsPerEpoch: stepsPerEpoch),
      totalSteps: totalSteps, finalFraction: values.schedule.finalFraction)
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
