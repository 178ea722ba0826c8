import Datasets

/// The pieces that a training loop turns; a stage builds them.
struct TrainingParts {
  var step: TrainingStep
  var schedule: LearningRateSchedule
  var steering: EvaluationSteering
  var snapshot: ModelSnapshot
  var checkpoints: CheckpointWriter
  var run: RunFolder
  /// What checkpoints say about the run as a whole; the position is filled in.
  var identity: CheckpointState
  var stepsPerEpoch: Int
  /// Loads the samples of one step once more.
  var retake: (_ step: Int) throws -> any TrainingTask

  /// The content of `state.json` at a position.
  func state(_ position: TrainingPosition) -> CheckpointState {
    var state = identity
    state.step = position.step
    state.epoch = Double(position.step) / Double(stepsPerEpoch)
    state.isEvaluated = !position.isEvaluationOwed
    state.best = position.best
    state.plateau = steering.plateau.map { _ in position.plateau }
    state.stopping = steering.stopping.map { _ in position.stopping }
    state.skippedSamples = position.skipped.samples.sorted()
    return state
  }
}

/// When a training loop does what, in optimizer updates, and what it puts up with.
struct LoopSettings: Equatable, Sendable {
  var totalSteps: Int
  var evaluationEvery: Int
  var checkpointEvery: Int
  /// What happens where a checkpoint cannot be written.
  var onCheckpointError = CheckpointErrorPolicy.warn
  /// Whether the training goes on while one is written.
  var writesInBackground = true
  var loggingEvery: Int
  /// What happens to images that cannot be used.
  var onDataError: ErrorPolicy
  /// Whether TensorBoard gets histograms of weights and norms of gradients.
  var showsHistograms = true
  /// Whether it gets images of samples.
  var showsImages = true

  func isEvaluationDue(after step: Int) -> Bool { isDue(step, every: evaluationEvery) }
  func isCheckpointDue(after step: Int) -> Bool { isDue(step, every: checkpointEvery) }
  /// The first step as well: it shows that the run is alive and what an untrained model has.
  func isLoggingDue(after step: Int) -> Bool { step == 1 || isDue(step, every: loggingEvery) }

  private func isDue(_ step: Int, every interval: Int) -> Bool {
    step > 0 && (step % interval == 0 || step == totalSteps)
  }
}

/// Where a training stands; the same on all ranks.
struct TrainingPosition: Equatable {
  /// Updates that were made.
  var step = 0
  /// Whether the evaluation after this step has still to be made.
  var isEvaluationOwed = false
  /// The best evaluation so far.
  var best: CheckpointState.Best?
  /// What the schedule waits for, where it waits.
  var plateau = Patience.State()
  /// What the early end waits for, where there may be one.
  var stopping = Patience.State()
  /// The images that the run could not use.
  var skipped = SkippedSamples()
  /// The last checkpoint on disk.
  var saved: CheckpointState?

  /// The start.
  init() {}

  /// Where a checkpoint left off.
  init(_ state: CheckpointState, settings: LoopSettings) {
    step = state.step
    isEvaluationOwed = !state.isEvaluated && settings.isEvaluationDue(after: state.step)
    best = state.best
    plateau = state.plateau ?? Patience.State()
    stopping = state.stopping ?? Patience.State()
    skipped = SkippedSamples(samples: state.skippedSamples)
    saved = state
  }

  /// Takes the evaluation after the current step into account.
  ///
  /// - Parameter isWarmingUp: whether the learning rate still rises, and cannot be lowered.
  /// - Returns: whether the model is the best so far; a tie keeps the earlier one.
  mutating func take(
    _ evaluation: Evaluation, _ steering: EvaluationSteering, isWarmingUp: Bool
  ) -> Bool {
    isEvaluationOwed = false
    if let patience = steering.plateau, !isWarmingUp {
      plateau = patience.state(plateau, after: evaluation.value(of: patience.metric))
    }
    if let patience = steering.stopping {
      stopping = patience.state(stopping, after: evaluation.value(of: patience.metric))
    }
    let value = evaluation.value(of: steering.best)
    guard steering.best.isBetter(value, than: best?.score) else { return false }
    best = CheckpointState.Best(score: value, step: step)
    return true
  }

  /// Whether evaluations have ended the training.
  var isStoppedEarly: Bool { stopping.exhausted > 0 }
}
