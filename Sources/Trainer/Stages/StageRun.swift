import Datasets
import Distributed
import Foundation
import Logging
import Nets

/// A training of one stage, as one rank of a job: from the command line to the training loop.
struct StageRun<S: Stage> {
  private let loaded: LoadedConfiguration<S.Configuration>
  private let stage: S
  private let folder: RunFolder
  private let engine: EngineIdentity
  private let job: Job
  private let logger: Logger
  private let console: Console
  private let settings: LoopSettings
  private let schedule: LearningRateSchedule
  private let tree: MicroBatchTree
  private let plan: TrainingPlan
  private let gradients: GradientMemory
  private let updateRanges: [UpdateRange]

  private var configuration: S.Configuration { loaded.values }

  /// Runs the stage. Collective.
  ///
  /// - Parameter begin: called on rank 0 once nothing stands against the training any more.
  /// - Returns: `.finished` or `.preempted`.
  /// - Throws: `TrainerError.agreed` for what all ranks know; anything else is this rank's own.
  static func run(
    _ options: StageOptions, job: Job, begin: () throws -> Void = {}
  ) throws -> ExitStatus {
    let loaded = try job.agreement.together {
      try S.Configuration.load(options, worldSize: job.communicator.worldSize)
    }
    try job.agreement.onRankZero { try S.requireFiles(loaded.values) }
    let folder = try job.prepareRunFolder(stage: loaded.values.stage, options: options)
    let engine = try job.configureEngine(
      threads: loaded.values.threads, allowIdentityChange: options.allowIdentityChange)
    job.watchdog?.set(loaded.values.watchdog.limits)
    let trace = try options.trace.map { try TraceFile(path: $0, job: job) }
    let console = Console(
      style: job.isRankZero ? (LaunchEnvironment.current.isTerminal ? .bar : .lines) : .silent)
    var stage = try S(loaded, job: job)
    let course = try job.agreement.together { try loaded.course(of: stage) }
    try job.refuseChanges(
      since: CheckpointStore(folder: folder.checkpoints),
      options: options, configuration: loaded.values.identityValues, engine: engine,
      defaults: S.Configuration().identityValues)
    if try job.agreement.any(job.stopFlags) == .late,
      try !job.agreement.onRankZero({ CheckpointStore(folder: folder.checkpoints).hasCheckpoints })
    {
      try job.refuseHopelessLimit()
    }
    let isPrepared = try stage.prepare(in: folder, console: console) {
      try job.isStopRequestedAnywhere()
    }
    guard isPrepared else {
      console.say(
        "stopped before the training: what was prepared is kept; go on with --run \(folder.path) "
          + "--resume auto")
      return .preempted
    }
    let draft = try job.agreement.together { try loaded.draft(of: stage) }
    let gradients = try GradientMemory(
      communicator: job.communicator, count: draft.slotLayout.count)
    let run = try job.agreement.together {
      try StageRun(
        loaded: loaded, stage: stage, course: course, folder: folder, engine: engine, job: job,
        console: console, draft: draft, gradients: gradients)
    }
    let loop = try run.makeLoop(options: options, begin: begin)
    let status = try loop.run()
    // A process may train several times: nothing of it stays in memory that ranks share.
    try loop.parts.step.exchange.free()
    try gradients.free()
    // Whoever stops a run leaves it no time for more than its checkpoint.
    guard let trace, status == .finished else { return status }
    do {
      try trace.write()
    } catch TrainerError.agreed(_, _, let message) {
      console.say("warning: there is no trace: \(message)")
    }
    return status
  }

  private init(
    loaded: LoadedConfiguration<S.Configuration>, stage: S,
    course: (settings: LoopSettings, schedule: LearningRateSchedule), folder: RunFolder,
    engine: EngineIdentity, job: Job, console: Console, draft: TrainingPlanDraft,
    gradients: GradientMemory
  ) throws {
    self.loaded = loaded
    self.gradients = gradients
    self.stage = stage
    self.folder = folder
    self.engine = engine
    self.job = job
    logger = try RankLogHandler.logger(path: folder.log(rank: job.rank), rank: job.rank)
    self.console = console
    (settings, schedule) = course
    tree = try MicroBatchTree(
      microBatches: loaded.values.batch.microBatches, rank: job.rank,
      worldSize: job.communicator.worldSize,
      groups: loaded.values.communication.groups ?? 1,
      algorithm: loaded.values.reduction)
    plan = try TrainingPlan(draft, gradientSlots: tree.slotCount, first: gradients.values)
    updateRanges = try loaded.updateRanges(of: plan.parameters)
  }

  // MARK: - The loop

  /// Puts the loop together, at the checkpoint it goes on from. Collective.
  private func makeLoop(options: StageOptions, begin: () throws -> Void) throws -> TrainingLoop {
    let store = CheckpointStore(
      folder: folder.checkpoints, retention: configuration.checkpoint.retention)
    let parts = try makeParts(store)
    tellWhatWasFound()
    let checkpoint = try job.findCheckpoint(
      in: store, options: options, identity: parts.identity,
      defaults: S.Configuration().identityValues
    ) { broken in
      let path = try store.setAside(broken)
      console.say("set aside a broken checkpoint, now \(path): \(broken.error)")
    }
    try job.agreement.together { try startWeights(at: checkpoint, snapshot: parts.snapshot) }
    var position =
      checkpoint.map { TrainingPosition($0.state, settings: settings) } ?? TrainingPosition()
    if let checkpoint {
      try supersede(store, after: checkpoint)
      for change in parts.identity.changedSettings(since: checkpoint.state) {
        console.say("since the checkpoint, \(change)")
      }
    }
    try forgetBestOfAnotherRun(&position)
    try job.agreement.onRankZero {
      // First: a run that is known to have begun must not begin anew elsewhere.
      try store.rememberOrigin(checkpoint)
      try checkpoint.map(store.correctMark)
      try DurableFiles.replace(folder.configuration, with: Array(configuration.yaml().utf8))
      try begin()
    }
    let end = min(options.stopAfter ?? settings.totalSteps, settings.totalSteps)
    return TrainingLoop(
      job: job,
      task: try job.agreement.together {
        try makeTask(position.step..<max(position.step, end), parts.snapshot)
      },
      parts: parts, settings: settings, endStep: end, position: position,
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

  private func makeParts(_ store: CheckpointStore) throws -> TrainingParts {
    let optimizer = configuration.optimizer.makeOptimizer(
      count: plan.parameters.trainedCount, updateRanges)
    let average = try configuration.average.makeAverage(of: plan.parameters)
    let sums = try job.makeExchange(
      of: plan, in: gradients, algorithm: configuration.reduction, configuration.communication,
      threads: configuration.threads)
    let snapshot = ModelSnapshot(
      parameters: plan.parameters, optimizer: optimizer, average: average, reducer: sums.reducer,
      untaught: stage.untaught)
    return TrainingParts(
      step: TrainingStep(
        plan: plan, tree: tree, exchange: sums.exchange, buckets: sums.buckets,
        optimizer: optimizer,
        clipping: configuration.optimizer.makeClipping(updateRanges), average: average,
        agreement: job.agreement, timeline: job.timeline, microBatch: configuration.batch.micro,
        microBatches: configuration.batch.microBatches, seed: configuration.seed),
      schedule: schedule, steering: configuration.steering,
      snapshot: snapshot,
      checkpoints: CheckpointWriter(job: job, store: store, snapshot: snapshot),
      run: folder,
      identity: try CheckpointState(identityOf: stage, configuration, engine: engine),
      stepsPerEpoch: stage.stepsPerEpoch,
      retake: { step in try makeTask(step - 1..<step, snapshot) })
  }

  private func makeTask(_ steps: Range<Int>, _ snapshot: ModelSnapshot) throws -> any TrainingTask {
    try stage.makeTask(
      plan, steps: steps, leaves: tree.leaves, evaluated: snapshot.kept, logger: logger)
  }

  private func startWeights(at checkpoint: Checkpoint?, snapshot: ModelSnapshot) throws {
    if let checkpoint {
      try snapshot.load(checkpoint)
      console.say("going on from \(checkpoint.path)")
      logger.notice("going on from \(checkpoint.path)")
    } else {
      try plan.parameters.initialize(seed: configuration.seed)
      try stage.loadInitialWeights(into: plan.parameters).map(console.say)
    }
    try plan.refreshWeights()
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
          folder: folder.path, firstStep: position.step + 1, host: job.communicator.hostName) : nil,
      report: job.isRankZero
        ? try ReportWriter(reportFrame, metrics: folder.metrics) : nil,
      settings: settings, stepsPerEpoch: stage.stepsPerEpoch,
      globalBatch: configuration.batch.global, samples: S.samples,
      rowsLeftOut: stage.lists.first?.problems.count ?? 0)
  }

  private var reportFrame: ReportWriter.Frame {
    ReportWriter.Frame(
      path: folder.report,
      title: "\(configuration.stage) · \(stage.model) \(configuration.precision.rawValue)",
      subtitle: stage.data, totalSteps: settings.totalSteps,
      metrics: configuration.metrics.map(\.name),
      environment: job.environment(of: folder, engine), configuration: configuration.yaml())
  }

  // MARK: - What people are told

  private var wayOfGradients: WayOfGradients {
    WayOfGradients(
      ranks: job.communicator.worldSize, nodes: job.communicator.nodes,
      microBatches: configuration.batch.microBatches,
      groups: configuration.communication.groups,
      obstacle: gradients.obstacle, bytes: gradients.values.count * MemoryLayout<Float>.stride)
  }

  /// Says what the run is made of, and which rows it leaves out.
  private func tellWhatWasFound() {
    let ranks = job.communicator.worldSize
    let summary =
      "\(stage.model) \(configuration.precision.rawValue) · "
      + "\(ranks) rank\(ranks == 1 ? "" : "s") × "
      + "\(configuration.threads) thread\(configuration.threads == 1 ? "" : "s") · "
      + "\(stage.data) · \(settings.totalSteps) steps of \(configuration.batch.global)"
    console.say(summary)
    console.say("run folder \(folder.path)")
    logger.notice("\(summary); rank \(job.rank) on \(job.communicator.hostName), \(engine.summary)")
    if let caveat = configuration.reduction.caveat { console.say(caveat) }
    for text in wayOfGradients.remarks {
      console.say(text)
      logger.notice("\(text)")
    }
    for text in job.slowKernels(precision: configuration.precision) {
      console.say("warning: \(text)")
      logger.warning("\(text)")
    }
    stage.remarks.forEach(console.say)
    for list in stage.lists where !list.problems.isEmpty {
      console.say(
        "\(list.path): \(list.problems.count) rows left out, listed in " + folder.log(rank: 0))
      if job.isRankZero { list.problems.forEach { logger.warning("\($0)") } }
    }
  }
}

extension LoadedConfiguration where Root: StageConfiguration {
  /// The network of a stage with what of it is trained.
  fileprivate func draft(of stage: some Stage) throws -> TrainingPlanDraft {
    var graph = try stage.makeGraph()
    graph.freeze(where: values.optimizer.freezes)
    return try TrainingPlanDraft(
      graph: graph, microBatch: values.batch.micro, precision: values.precision, pixels: .asRead)
  }

  /// How long a stage trains and at which rates. What cannot be trained is refused here, before the stage
  /// prepares anything, which may take hours.
  ///
  /// - Throws: `TrainerError.configuration`.
  fileprivate func course(
    of stage: some Stage
  ) throws -> (settings: LoopSettings, schedule: LearningRateSchedule) {
    let settings = try loopSettings(
      stepsPerEpoch: stage.stepsPerEpoch, onDataError: stage.errorPolicy)
    let schedule = try learningRateSchedule(
      totalSteps: settings.totalSteps, stepsPerEpoch: stage.stepsPerEpoch)
    try requireParts(values.optimizer.freeze, of: stage.parameterNames())
    return (settings, schedule)
  }
}

extension StageConfiguration {
  /// The configuration, checked against the number of ranks and what the kernels can do.
  static func load(
    _ options: StageOptions, worldSize: Int
  ) throws -> LoadedConfiguration<Self> {
    let loaded = try load(file: options.configurationFile, overrides: options.overrides)
    try loaded.requireRanks(worldSize)
    if loaded.values.precision == .bf16, Engine.capabilities.bfloat16 == .missing {
      let set = Engine.identity(threads: loaded.values.threads).instructionSet
      throw TrainerError.configuration([
        loaded.mistake(
          "precision", "bf16 needs kernels with AVX-512, and they have \(set) here; use f32")
      ])
    }
    return loaded
  }
}

extension LoadedConfiguration where Root: StageConfiguration {
  /// Throws `TrainerError.configuration` where a step cannot be shared by so many ranks.
  func requireRanks(_ worldSize: Int) throws {
    do {
      _ = try MicroBatchTree(
        microBatches: values.batch.microBatches, rank: 0, worldSize: worldSize,
        algorithm: values.reduction)
    } catch {
      throw TrainerError.configuration([mistake("batch.global", "\(error)")])
    }
  }
}
