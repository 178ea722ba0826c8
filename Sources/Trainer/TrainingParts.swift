import Datasets

/// The pieces that a training loop turns; a stage builds them.
struct TrainingParts {
  var step: TrainingStep
  var schedule: LearningRateSchedule
  var snapshot: ModelSnapshot
  var checkpoints: CheckpointStore
  var run: RunFolder
  /// What checkpoints say about the run as a whole; the position is filled in.
  var identity: CheckpointState
  var stepsPerEpoch: Int

  /// The content of `state.json` at a position.
  func state(_ position: TrainingPosition) -> CheckpointState {
    var state = identity
    state.step = position.step
    state.epoch = Double(position.step) / Double(stepsPerEpoch)
    state.isEvaluated = !position.isEvaluationOwed
    state.best = position.best
    state.skippedSamples = position.skipped.samples.sorted()
    return state
  }
}

/// When a training loop does what, in optimizer updates, and what it puts up with.
struct LoopSettings: Equatable, Sendable {
  var totalSteps: Int
  var evaluationEvery: Int
  var checkpointEvery: Int
  var loggingEvery: Int
  /// What happens to images that cannot be used.
  var onDataError: ErrorPolicy

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
    skipped = SkippedSamples(samples: state.skippedSamples)
    saved = state
  }
}
