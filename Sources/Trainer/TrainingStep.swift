import CVectorKernels
import Datasets
import Distributed
import Nets

/// One update of the weights, from samples to the kernels' copies of the new weights: what training
/// repeats and what the benchmark times.
struct TrainingStep {
  let plan: TrainingPlan
  let tree: MicroBatchTree
  let reducer: GradientReducer
  let optimizer: any Optimizer
  /// Shortens long gradients; nil leaves them as they are.
  var clipping: GradientClipping?
  /// Follows the weights; nil where nobody asks for their average.
  var average: WeightAverage?
  let agreement: Agreement
  /// Samples of a micro-batch.
  let microBatch: Int
  /// Micro-batches of a global batch, over all ranks.
  let microBatches: Int
  /// The seed of the run.
  let seed: UInt64

  /// Computes this rank's next micro-batch into a slot of the plan.
  typealias Compute = (_ slot: Int, _ draw: MicroBatchDraw) throws -> Void

  /// Runs the update. Collective.
  ///
  /// - Parameters:
  ///   - number: of the update, counted from 1.
  ///   - compute: is called for this rank's micro-batches in order.
  /// - Throws: `TrainerError.agreed`, with the weights as they were, where something is not finite or
  ///   `compute` threw a `DatasetError` on any rank; what else `compute` throws; kernel and MPI errors.
  func run(number: Int, learningRate: Double, compute: Compute) throws {
    let failure = try sumOwnMicroBatches(number: number, compute)
    try reducer.allReduce()
    try refuseNonFinite(plan.slot(0), step: number, failure: failure, name: nameOfElement)
    updateWeights(number: number, learningRate: learningRate)
    updateRunningStatistics()
    average?.update(step: number)
    try plan.refreshTrainedWeights()
  }

  /// What the last update reports, over its whole global batch; valid until the next one. NaN where
  /// none of its samples counts for the metric.
  func value(of metric: StepMetric) -> Double { metric.value(in: plan.slot(0)) }

  /// Throws where an update left a weight that is not finite: such a model is never evaluated,
  /// checkpointed or called the best. Asked before these only, because it reads all weights.
  func refuseNonFiniteWeights(after step: Int) throws {
    try refuseNonFinite(plan.parameters.values, step: step) {
      "the updated \(nameOfParameter($0))"
    }
  }

  // MARK: - Parts of an update

  /// Forward and backward of this rank's leaves, summed by its part of the tree into slot 0.
  ///
  /// - Returns: why this rank has no samples. The others must not wait for its gradients: it sends
  ///   them a loss that makes the step void on all.
  private func sumOwnMicroBatches(number: Int, _ compute: Compute) throws -> DatasetError? {
    do {
      try tree.reduceLeaves(
        compute: { leaf, slot in
          try compute(slot, MicroBatchDraw(seed: seed, step: number - 1, microBatch: leaf))
        },
        add: { into, from in
          let (sum, addend) = (plan.slot(into), plan.slot(from))
          guard let sum = sum.baseAddress, let addend = addend.baseAddress else { return }
          aver_add_f32(sum, addend, plan.slotLayout.count)
        })
      return nil
    } catch let failure as DatasetError {
      plan.slot(0)[plan.slotLayout.sums.lowerBound] = .nan
      return failure
    }
  }

  /// The loss of a step is the mean over its M micro-batches, each of which has normalised its own
  /// losses (see `Loss` in Nets):
  ///
  ///     L = (1 / M) Σ_m Σ_k λ_k l_k
  ///     g = Σ_m ∂(Σ_k λ_k l_k)       what the slots hold after the tree
  ///     ∂L = g / M                   the factor that the optimizer applies, once, at the root
  private func updateWeights(number: Int, learningRate: Double) {
    let gradients = UnsafeBufferPointer(rebasing: plan.slot(0)[plan.slotLayout.gradients])
    let mean = 1 / Double(microBatches)
    optimizer.update(
      plan.parameters.values, gradients: gradients,
      gradientScale: clipping?.clipped(scale: mean, of: gradients) ?? mean,
      learningRate: learningRate, step: number)
  }

  private func updateRunningStatistics() {
    let statistics = UnsafeMutableBufferPointer(
      rebasing: plan.slot(0)[plan.slotLayout.statistics])
    if let values = statistics.baseAddress {
      aver_scale_f32(values, 1 / Float(microBatches), statistics.count)
    }
    plan.parameters.updateRunningStatistics(
      from: UnsafeBufferPointer(statistics), microBatch: microBatch)
  }

  // MARK: - Values that are not finite

  /// All ranks hold the same bits, so that all of them stop here.
  ///
  /// - Parameter failure: why this rank had no samples, which then is the reason.
  private func refuseNonFinite(
    _ values: UnsafeMutableBufferPointer<Float>, step: Int, failure: DatasetError? = nil,
    name: (Int) -> String
  ) throws {
    let index = Int(aver_first_nonfinite_f32(values.baseAddress, values.count))
    guard index >= 0 else { return }
    try agreement.together { if let failure { throw failure } }
    let error = TrainerError.nonFinite(step: step, what: name(index))
    throw TrainerError.agreed(rank: 0, status: error.exitStatus, message: "\(error)")
  }

  private func nameOfElement(_ index: Int) -> String {
    let layout = plan.slotLayout
    if layout.sums.contains(index) { return "the loss" }
    if layout.statistics.contains(index) { return "a batch statistic" }
    return "the gradient of \(nameOfParameter(index))"
  }

  private func nameOfParameter(_ index: Int) -> String {
    plan.parameters.parameters.first { $0.range.contains(index) }?.name ?? "a parameter"
  }
}
