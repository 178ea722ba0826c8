import CVectorKernels
import Distributed
import Nets

/// Trains a task's model from where it stands to its last step.
///
/// Every rank runs the same loop. What is collective, and so has to happen on all ranks alike, is
/// marked; all decisions are taken from values that are the same on all ranks.
final class TrainingLoop {
  private let job: Job
  private let task: any TrainingTask
  private let parts: TrainingParts
  private let settings: LoopSettings
  private var position: TrainingPosition
  private let reporter: TrainingReporter

  init(
    job: Job, task: any TrainingTask, parts: TrainingParts, settings: LoopSettings,
    position: TrainingPosition, reporter: TrainingReporter
  ) {
    self.job = job
    self.task = task
    self.parts = parts
    self.settings = settings
    self.position = position
    self.reporter = reporter
  }

  /// Trains to the last step, or to a step boundary after somebody asked to stop.
  ///
  /// - Returns: `.finished` or `.preempted`; in both cases the state is on disk.
  func run() throws -> ExitStatus {
    guard try evaluateIfOwed() else { return try leaveEarly() }
    while position.step < settings.totalSteps {
      if try stopIsRequested() { return try leaveEarly() }  // collective
      reporter.beginStep(position.step + 1)
      try sumOwnMicroBatches()
      try parts.reducer.allReduce(task.plan.slot(0))  // collective
      try refuseNonFinite()
      try updateWeights()
      try report()  // collective every few steps
      guard try evaluateIfOwed() else { return try leaveEarly() }  // collective when due
      try checkpointIfDue()  // collective when due
    }
    try finish()  // collective
    return .finished
  }

  // MARK: - One step

  /// Whether any rank was asked to stop.
  private func stopIsRequested() throws -> Bool {
    try job.agreement.any(job.signals.isStopRequested)
  }

  /// Forward and backward of this rank's leaves, summed by its part of the tree into slot 0.
  private func sumOwnMicroBatches() throws {
    let plan = task.plan
    try parts.tree.reduceLeaves(
      compute: { _, slot in try task.computeNextMicroBatch(slot: slot) },
      add: { into, from in
        let (sum, addend) = (plan.slot(into), plan.slot(from))
        guard let sum = sum.baseAddress, let addend = addend.baseAddress else { return }
        aver_add_f32(sum, addend, plan.slotLayout.count)
      })
  }

  /// Throws where the sum over all micro-batches has a value that is not finite. All ranks hold the
  /// same bits, so all of them stop here, before the weights have changed.
  private func refuseNonFinite() throws {
    try refuseNonFinite(task.plan.slot(0), step: position.step + 1, name: nameOfElement)
  }

  /// Throws where the update left a weight that is not finite: such a model is never evaluated,
  /// checkpointed or called the best. Asked before these only, because it reads all weights.
  private func refuseNonFiniteWeights() throws {
    try refuseNonFinite(task.plan.parameters.values, step: position.step) {
      "the updated \(nameOfParameter($0))"
    }
  }

  private func refuseNonFinite(
    _ values: UnsafeMutableBufferPointer<Float>, step: Int, name: (Int) -> String
  ) throws {
    let index = Int(aver_first_nonfinite_f32(values.baseAddress, values.count))
    guard index >= 0 else { return }
    let error = TrainerError.nonFinite(step: step, what: name(index))
    throw TrainerError.agreed(rank: 0, status: error.exitStatus, message: "\(error)")
  }

  private func nameOfElement(_ index: Int) -> String {
    let layout = task.plan.slotLayout
    if layout.sums.contains(index) { return "the loss" }
    if layout.statistics.contains(index) { return "a batch statistic" }
    return "the gradient of \(nameOfParameter(index))"
  }

  private func nameOfParameter(_ index: Int) -> String {
    task.plan.parameters.parameters.first { $0.range.contains(index) }?.name ?? "a parameter"
  }

  /// Applies the update and moves to the next step.
  ///
  /// The loss of a step is the weighted mean over its global batch, of M micro-batches of B samples:
  ///
  ///     L = Σ w l / Σ w          over all M · B samples
  ///     g = Σ_m  (1 / B) Σ w ∂l  what the slots hold after the tree: micro-batch m scaled by 1 / B
  ///     ∂L = g · B / Σ w         which is g / M where all weights are 1
  ///
  /// Σ w is one of the sums in the slot and went through the same tree, so that the factor, which
  /// the optimizer applies at the root, has the same bits for any number of ranks.
  private func updateWeights() throws {
    let (plan, slot, layout) = (task.plan, task.plan.slot(0), task.plan.slotLayout)
    let weightSum = slot[layout.sums.lowerBound + SlotLayout.Sum.weight.rawValue]
    parts.optimizer.update(
      plan.parameters.values,
      gradients: UnsafeBufferPointer(rebasing: slot[layout.gradients]),
      gradientScale: Double(task.microBatch) / Double(weightSum),
      learningRate: parts.schedule.rate(step: position.step), step: position.step + 1)
    let statistics = UnsafeMutableBufferPointer(rebasing: slot[layout.statistics])
    if let values = statistics.baseAddress {
      aver_scale_f32(values, 1 / Float(settings.microBatches), statistics.count)
    }
    plan.parameters.updateRunningStatistics(
      from: UnsafeBufferPointer(statistics), microBatch: task.microBatch)
    try plan.refreshWeights()
    position.step += 1
    position.isEvaluationOwed = settings.isEvaluationDue(after: position.step)
  }

  // MARK: - What follows a step

  /// Writes the step's metrics where they are due.
  private func report() throws {
    let (slot, layout) = (task.plan.slot(0), task.plan.slotLayout)
    func sum(_ which: SlotLayout.Sum) -> Double {
      Double(slot[layout.sums.lowerBound + which.rawValue])
    }
    let result = StepResult(
      step: position.step, loss: sum(.loss) / sum(.weight),
      accuracy: sum(.correct) / Double(settings.microBatches * task.microBatch),
      learningRate: parts.schedule.rate(step: position.step - 1))
    reporter.endStep(result)
    if settings.isLoggingDue(after: position.step) {
      try reporter.log(result, counters: try gatherCounters())
    }
  }

  /// Evaluates where that is due, and keeps the model where it is the best so far.
  ///
  /// - Returns: false when the evaluation was abandoned because somebody asked to stop.
  private func evaluateIfOwed() throws -> Bool {
    guard position.isEvaluationOwed else { return true }
    try refuseNonFiniteWeights()
    job.activity = .evaluating(afterStep: position.step)
    guard let evaluation = try task.evaluate(isStopRequested: stopIsRequested) else { return false }
    position.isEvaluationOwed = false
    // A tie keeps the earlier model; a score that is not a number is never the best.
    if evaluation.score > position.best?.score ?? -.infinity {
      position.best = CheckpointState.Best(score: evaluation.score, step: position.step)
      try job.agreement.onRankZero { try parts.snapshot.replaceModel(at: parts.run.bestModel) }
    }
    try reporter.log(evaluation, after: position.step)
    return true
  }

  private func checkpointIfDue() throws {
    if settings.isCheckpointDue(after: position.step) { try saveCheckpoint() }
  }

  /// Writes a checkpoint unless the last one says the same.
  private func saveCheckpoint() throws {
    try refuseNonFiniteWeights()
    job.activity = .writingCheckpoint(afterStep: position.step)
    let state = parts.state(position, skippedSamples: try gatherCounters().skippedSamples)
    guard state != position.saved else { return }
    try job.agreement.onRankZero {
      try parts.checkpoints.write(
        state, writeModel: parts.snapshot.writeModel, writeOptimizer: parts.snapshot.writeOptimizer)
    }
    position.saved = state
    reporter.logger.info("checkpoint after step \(position.step)")
  }

  /// Leaves with a checkpoint because somebody asked to stop.
  private func leaveEarly() throws -> ExitStatus {
    try saveCheckpoint()
    reporter.sayPreempted(after: position.step)
    return .preempted
  }

  private func finish() throws {
    try saveCheckpoint()
    try job.agreement.onRankZero { try parts.snapshot.replaceModel(at: parts.run.finalModel) }
    reporter.sayFinished(best: position.best)
  }

  /// The counters of all ranks together: samples summed, waiting that of the slowest rank.
  private func gatherCounters() throws -> DataCounters {
    let own = task.counters
    let bytes =
      ByteCoding.bytes(of: [own.skippedSamples]) + ByteCoding.bytes(of: [own.waitedSeconds])
    var total = DataCounters(skippedSamples: position.skippedBefore)
    for part in try job.communicator.allGather(bytes) {
      let skipped: [Int] = ByteCoding.values(in: part[..<8])
      let waited: [Double] = ByteCoding.values(in: part[8...])
      total.skippedSamples += skipped[0]
      total.waitedSeconds = max(total.waitedSeconds, waited[0])
    }
    return total
  }
}
