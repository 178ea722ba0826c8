import Distributed
import Nets

/// Trains a task's model from where it stands to its last step, or to one before at which it pauses.
///
/// Every rank runs the same loop. What is collective, and so has to happen on all ranks alike, is
/// marked; all decisions are taken from values that are the same on all ranks.
final class TrainingLoop {
  private let job: Job
  private let task: any TrainingTask
  let parts: TrainingParts
  private let settings: LoopSettings
  private let endStep: Int
  private var position: TrainingPosition
  private let reporter: TrainingReporter
  /// Whether what follows is the end: a checkpoint that cannot be written then fails the run.
  private var isLeaving = false
  /// Whether this process has made an update.
  private var isInMotion = false
  /// What asked any rank to stop, at the last boundary.
  private var stopCauses: BoundaryFlags = []
  /// Where the ranks' time was asked for last.
  private var sharesTakenAfter: Int
  /// What steps report, in the order of writing.
  private let metrics: [StepMetric]
  private let accuracy: StepMetric?

  init(
    job: Job, task: any TrainingTask, parts: TrainingParts, settings: LoopSettings, endStep: Int,
    position: TrainingPosition, reporter: TrainingReporter
  ) {
    self.job = job
    self.task = task
    self.parts = parts
    self.settings = settings
    self.endStep = endStep
    self.position = position
    self.reporter = reporter
    sharesTakenAfter = position.step
    metrics = parts.step.plan.slotLayout.metrics
    accuracy = metrics.first { $0.name == "accuracy" }
  }

  /// Trains to the last step, or to a step boundary after somebody asked to stop.
  ///
  /// - Returns: `.finished` or `.preempted`; in both cases the state is on disk.
  /// - Throws: where data fail, `TrainerError.agreed` with the state of the last step on disk.
  func run() throws -> ExitStatus {
    do {
      return try train()
    } catch TrainerError.agreed(let rank, .badData, let message) {
      let saved = try saveBeforeEnd()
      reporter.stopReport(after: position.step)
      throw TrainerError.agreed(rank: rank, status: .badData, message: "\(message)\n\(saved)")
    } catch let error as TrainerError {
      // What all ranks know leaves them time for the checkpoint that is being written.
      if case .agreed = error { _ = try parts.checkpoints.finish() }
      throw error
    }
  }

  /// Writes a checkpoint where data have failed.
  ///
  /// - Returns: what there is to go on from, for people.
  private func saveBeforeEnd() throws -> String {
    isLeaving = true
    do {
      try parts.step.refuseNonFiniteWeights(after: position.step)
      try writeCheckpoint(waits: true)
    } catch TrainerError.agreed(_, _, let message) {
      return "No checkpoint is saved after step \(position.step): \(message)"
    }
    return "A checkpoint after step \(position.step) is saved: when the data are back, go on with "
      + "--resume auto"
  }

  private func train() throws -> ExitStatus {
    if job.deadline != nil {
      job.leavingTime.assumedCheckpoint = try parts.checkpoints.likelySeconds()
    }
    guard try evaluateIfOwed() else { return try leaveEarly() }
    while position.step < endStep, !endsEarly {
      if try stopIsRequested() { return try leaveEarly() }  // collective
      let began = ContinuousClock.now
      reporter.beginStep(position.step + 1)
      try update()  // collective
      try report()  // collective every few steps
      guard try evaluateIfOwed() else { return try leaveEarly() }  // collective when due
      job.leavingTime.take(step: began.secondsAgo)
      try checkpointIfDue()  // collective when due
    }
    try isPause ? pause() : finish()  // collective
    return .finished
  }

  /// Whether whoever started the run wants it to wait here for what comes.
  private var isPause: Bool { position.step < settings.totalSteps && !endsEarly }

  /// Whether evaluations have ended the training before its last step.
  private var endsEarly: Bool {
    position.isStoppedEarly && position.step < settings.totalSteps
  }

  // MARK: - One step

  /// Whether any rank was asked to stop. Also where ranks learn of each other's unusable images, so
  /// that too many of them end the run at the same step on any number of ranks, and where a checkpoint
  /// that is being written goes on.
  private func stopIsRequested() throws -> Bool {
    var own = job.stopFlags
    if task.hasNewProblems { own.insert(.problems) }
    if parts.checkpoints.isWorking { own.insert(.writing) }
    let all = try job.timeline.during(.agreement) { try job.agreement.any(own) }
    if all.contains(.problems) { try countSkipped() }
    if !all.contains(.writing) { try take(parts.checkpoints.advance()) }
    try job.requireUntakenFolder()
    stopCauses = all
    return all.isStop
  }

  /// Counts the images that ranks could not use since the last call. Collective.
  private func countSkipped() throws {
    let problems = try job.gather(task.takeProblems())
    // Not in place: a limit that is passed must not be so again when the run goes on.
    position.skipped = try job.throwingAlike {
      var skipped = position.skipped
      try skipped.add(problems, policy: settings.onDataError)
      return skipped
    }
  }

  /// Makes the update and moves to the next step.
  private func update() throws {
    let number = position.step + 1
    do {
      try parts.step.run(number: number, learningRate: learningRate(step: position.step)) {
        try task.fillNextMicroBatch(ofStep: number)
      }
    } catch let void as VoidStep {
      throw try job.explain(void, of: parts.step) { try parts.retake(void.number) }
    }
    position.step += 1
    isInMotion = true
    position.isEvaluationOwed = settings.isEvaluationDue(after: position.step)
  }

  /// The learning rate of an update, counted from 0, since the last evaluation.
  private func learningRate(step: Int) -> Double {
    parts.schedule.rate(step: step, reductions: position.plateau.exhausted)
  }

  // MARK: - What follows a step

  /// Writes the step's metrics where they are due.
  private func report() throws {
    reporter.endStep(
      position.step, loss: parts.step.value(of: metrics[0]),
      accuracy: accuracy.map(parts.step.value))
    if settings.isLoggingDue(after: position.step) {
      try countSkipped()
      let norm = parts.step.clipping.map { [("gradient_norm", $0.norm)] } ?? []
      let result = StepResult(
        step: position.step, metrics: metrics.map { ($0.name, parts.step.value(of: $0)) } + norm,
        learningRate: learningRate(step: position.step - 1))
      reporter.log(
        result, skipped: position.skipped.samples.count, shares: try takeShares())
    }
  }

  /// Evaluates where that is due, and keeps the model where it is the best so far.
  ///
  /// - Returns: false when the evaluation was abandoned because somebody asked to stop.
  private func evaluateIfOwed() throws -> Bool {
    guard position.isEvaluationOwed else { return true }
    try parts.step.refuseNonFiniteWeights(after: position.step)
    job.activity = .evaluating(afterStep: position.step)
    guard let evaluation = try task.evaluate(isStopRequested: stopIsRequested) else { return false }
    let before = position.best
    let isBest = position.take(
      evaluation, parts.steering, isWarmingUp: position.step < parts.schedule.warmupSteps)
    if isBest, try !keepBestModel() { position.best = before }
    reporter.log(evaluation, after: position.step, endsEarly: endsEarly)
    reporter.show(evaluation, after: position.step, summaries: summaries)
    return true
  }

  /// Keeps the model as the best so far.
  ///
  /// - Returns: false where it cannot be written, and that is no reason to stop.
  private func keepBestModel() throws -> Bool {
    do {
      try job.agreement.onRankZero {
        try parts.snapshot.replaceModel(at: parts.run.bestModel, step: position.step)
      }
      return true
    } catch TrainerError.agreed(_, .internalError, let message)
      where settings.onCheckpointError == .warn
    {
      reporter.tell(failedBestModelAfter: position.step, message)
      return false
    }
  }

  /// What TensorBoard is told beside metrics; on rank 0 only.
  private func summaries() throws -> [SummaryValue] {
    let model =
      settings.showsHistograms
      ? try ModelSummaries.model(of: parts.step, hasGradient: isInMotion) : []
    let images =
      settings.showsImages
      ? ModelSummaries.images(try task.picture(ofStep: position.step)) : []
    return model + images
  }

  private func checkpointIfDue() throws {
    if settings.isCheckpointDue(after: position.step) {
      try saveCheckpoint(waits: !settings.writesInBackground)
    }
  }

  /// Writes a checkpoint unless the last one says the same.
  private func saveCheckpoint(waits: Bool) throws {
    try parts.step.refuseNonFiniteWeights(after: position.step)
    try countSkipped()
    try writeCheckpoint(waits: waits)
  }

  /// - Parameter waits: whether to return only once the checkpoint is on disk.
  private func writeCheckpoint(waits: Bool) throws {
    try job.during(.writingCheckpoint(afterStep: position.step)) {
      let state = parts.state(position)
      if parts.checkpoints.stateUnderWay.map({ $0 != state }) ?? false { try waitForCheckpoint() }
      if state != position.saved, parts.checkpoints.stateUnderWay == nil {
        try take(parts.checkpoints.begin(state))
      }
      if waits { try take(parts.checkpoints.finish()) }
    }
  }

  /// Waits for a checkpoint that takes longer than the steps to the next one.
  private func waitForCheckpoint() throws {
    let began = ContinuousClock.now
    try take(parts.checkpoints.finish())
    if !isLeaving { reporter.tellWait(forCheckpoint: began.secondsAgo) }
  }

  /// Takes note of how a checkpoint ended.
  private func take(_ outcome: CheckpointWriter.Outcome?) throws {
    switch outcome {
    case nil: return
    case .written(let state, let cost, let remark):
      position.saved = state
      job.leavingTime.take(checkpoint: cost.seconds)
      reporter.tell(checkpointAfter: state.step, cost)
      if let remark { reporter.tell(remark: remark) }
    case .failed(let state, let message):
      // An earlier one does not stand against the last.
      let isLast = isLeaving && state.step == position.step
      guard settings.onCheckpointError == .warn, !isLast else {
        let error = TrainerError.checkpointNotWritten(step: state.step, reason: message)
        throw TrainerError.agreed(rank: 0, status: error.exitStatus, message: "\(error)")
      }
      reporter.tell(failedCheckpointAfter: state.step, message)
    }
  }

  /// Leaves with a checkpoint because somebody asked to stop, or the time is up.
  private func leaveEarly() throws -> ExitStatus {
    let isOnlyLate = !stopCauses.contains(.stop)
    // A run that has a checkpoint may have been given what was left of a limit.
    if !isInMotion, isOnlyLate, position.saved == nil { try job.refuseHopelessLimit() }
    isLeaving = true
    try saveCheckpoint(waits: true)
    reporter.stopReport(after: position.step)
    if !isInMotion, isOnlyLate { reporter.tellNoStep() }
    reporter.sayPreempted(after: position.step, isLate: isOnlyLate)
    return .preempted
  }

  private func pause() throws {
    isLeaving = true
    try saveCheckpoint(waits: true)
    reporter.stopReport(after: position.step)
    reporter.sayPaused(after: position.step)
  }

  private func finish() throws {
    isLeaving = true
    try saveCheckpoint(waits: true)
    try job.agreement.onRankZero {
      try parts.snapshot.replaceModel(at: parts.run.finalModel, step: position.step)
    }
    if endsEarly, let patience = parts.steering.stopping {
      reporter.sayStoppedEarly(after: position.step, patience, position.stopping)
    }
    reporter.finishReport()
    reporter.sayFinished(best: position.best, metric: parts.steering.best.name)
  }

  /// Where the time of all ranks went since the last call. Collective.
  private func takeShares() throws -> RankShares {
    defer { sharesTakenAfter = position.step }
    let own = job.timeline.takeShare(
      steps: position.step - sharesTakenAfter, waited: task.waitedSeconds)
    return RankShares(
      try job.communicator.allGather(ByteCoding.bytes(of: [own])).flatMap {
        ByteCoding.values(in: $0[...])
      })
  }
}
