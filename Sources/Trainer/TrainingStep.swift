import CVectorKernels
import Datasets
import Distributed
import Nets

/// One update of the weights, from samples to the kernels' copies of the new weights: what training
/// repeats and what the benchmark times.
struct TrainingStep {
  let plan: TrainingPlan
  let tree: MicroBatchTree
  /// Sums slot 0 over the ranks, in these buckets.
  let exchange: GradientExchange
  let buckets: GradientBuckets
  let optimizer: any Optimizer
  /// Shortens long gradients; nil leaves them as they are.
  var clipping: GradientClipping?
  /// Follows the weights; nil where nobody asks for their average.
  var average: WeightAverage?
  let agreement: Agreement
  /// Is told which part of a step runs.
  let timeline: Timeline
  /// Samples of a micro-batch.
  let microBatch: Int
  /// Micro-batches of a global batch, over all ranks.
  let microBatches: Int
  /// The seed of the run.
  let seed: UInt64

  /// Runs the update. Collective.
  ///
  /// - Parameters:
  ///   - number: of the update, counted from 1.
  ///   - fill: puts the samples of this rank's next micro-batch into the plan.
  /// - Throws: `VoidStep` on all ranks where something is not finite; `TrainerError.agreed`, with the weights as they
  ///   were, where `fill` threw a `DatasetError` on any; what else `fill` throws; kernel and MPI errors.
  func run(number: Int, learningRate: Double, fill: () throws -> Void) throws {
    let failure = try computeOwnMicroBatches(number: number, fill)
    let update = WeightUpdate(number: number, learningRate: learningRate)
    try finishSums(update, failure: failure)
    try timeline.during(.update) {
      if clipping != nil { updateWeights(plan.slotLayout.gradients, update) }
      updateRunningStatistics()
      average?.update(step: number)
      try plan.refreshTrainedWeights()
    }
  }

  /// What the last update reports, over its whole global batch; valid until the next one. NaN where
  /// none of its samples counts for the metric.
  func value(of metric: StepMetric) -> Double { metric.value(in: plan.slot(0)) }

  /// Throws where an update left a weight that is not finite: such a model is never evaluated,
  /// checkpointed or called the best. Asked before these only, because it reads all weights.
  func refuseNonFiniteWeights(after step: Int) throws {
    let weights = plan.parameters.values
    guard let index = firstNonFinite(of: weights, in: weights.indices) else { return }
    let error = TrainerError.nonFinite(
      step: step, what: "the updated \(nameOfParameter(index))", origin: nil)
    throw TrainerError.agreed(rank: 0, status: error.exitStatus, message: "\(error)")
  }

  /// Computes this rank's micro-batches of a void step once more, without changing anything.
  ///
  /// - Parameter fill: puts their samples into the plan, one after the other.
  /// - Returns: the first that has a value that is not finite, and where: the first layer of the forward pass, or
  ///   else the first gradient in the order of the backward pass. Nil where none has.
  func findNonFinite(
    number: Int, fill: () throws -> Void
  ) throws -> (microBatch: Int, what: String)? {
    let layout = plan.slotLayout
    for leaf in tree.leaves {
      try fill()
      let draw = MicroBatchDraw(seed: seed, step: number - 1, microBatch: leaf)
      try plan.run(slot: 0, draw: draw)
      guard let index = firstNonFinite(of: plan.slot(0), in: 0..<layout.count) else { continue }
      let isForward =
        firstNonFinite(of: plan.slot(0), in: layout.gradients.upperBound..<layout.count) != nil
      if isForward, let layer = try plan.firstNonFiniteLayer(draw: draw) {
        return (leaf, "what \(layer) computes")
      }
      return (leaf, nameOfElement(index))
    }
    return nil
  }

  // MARK: - Parts of an update

  /// Forward and backward of this rank's leaves, summed by its part of the tree into slot 0. In the last backward
  /// pass each bucket is given to the exchange as soon as it is complete.
  ///
  /// - Returns: why this rank has no samples. The others must not wait for its gradients: it sends
  ///   them some that make the step void on all.
  private func computeOwnMicroBatches(
    number: Int, _ fill: () throws -> Void
  ) throws -> DatasetError? {
    func load() throws { try timeline.during(.data, fill) }
    func draw(_ leaf: Int) -> MicroBatchDraw {
      MicroBatchDraw(seed: seed, step: number - 1, microBatch: leaf)
    }
    do {
      try tree.reduceLeaves(
        compute: { leaf, slot in
          try load()
          try timeline.during(.computation) { try plan.run(slot: slot, draw: draw(leaf)) }
        },
        add: { into, from in add(0..<plan.slotLayout.count, into: into, from: from) },
        close: { group, slot in round(group, slot, 0..<plan.slotLayout.count) },
        finish: { leaf, slot in
          try load()
          try timeline.during(.computation) {
            try plan.run(slot: slot, draw: draw(leaf), buckets: buckets) { bucket in
              addUp(buckets.ranges[bucket], from: slot)
              exchange.begin(bucket: bucket)
            }
          }
        })
      return nil
    } catch let failure as DatasetError {
      // In the first bucket: no weight is updated before it is looked at. None has been begun yet.
      plan.slot(0)[0] = .nan
      buckets.ranges.indices.forEach(exchange.begin)
      return failure
    }
  }

  /// Adds a part of the slots from the last to the first, and rounds the sum of the last group where that is complete.
  private func addUp(_ elements: Range<Int>, from last: Int) {
    for slot in stride(from: last, through: 0, by: -1) {
      if slot == tree.lastGroupSlot, let group = tree.lastGroup { round(group, slot, elements) }
      if slot > 0 { add(elements, into: slot - 1, from: slot) }
    }
  }

  /// Rounds a part of the sum of one of this rank's groups, where it has several.
  private func round(_ group: Int, _ slot: Int, _ elements: Range<Int>) {
    guard let values = plan.slot(slot).baseAddress else { return }
    exchange.feedback?.round(group: group, values, elements)
  }

  /// Adds a part of a slot to that of another.
  private func add(_ elements: Range<Int>, into: Int, from: Int) {
    let (sum, addend) = (plan.slot(into), plan.slot(from))
    guard let sum = sum.baseAddress, let addend = addend.baseAddress else { return }
    aver_add_f32(sum + elements.lowerBound, addend + elements.lowerBound, elements.count)
  }

  /// Waits for the sums of all ranks, bucket by bucket, and updates the weights of each as soon as it is there,
  /// while others are still under way; clipping has to see all of them first.
  ///
  /// All ranks see the same bits: where a value is not finite, all of them update nothing from there on, and stop.
  private func finishSums(_ update: WeightUpdate, failure: DatasetError?) throws {
    var nonFinite: Int?
    for (bucket, elements) in buckets.ranges.enumerated() {
      try timeline.during(.reduction) { try exchange.finish(bucket: bucket) }
      nonFinite = nonFinite ?? firstNonFinite(of: plan.slot(0), in: elements)
      if nonFinite == nil, clipping == nil {
        timeline.during(.update) {
          updateWeights(elements.clamped(to: plan.slotLayout.gradients), update)
        }
      }
    }
    guard let nonFinite else {
      exchange.feedback?.commit()
      return
    }
    try agreement.together { if let failure { throw failure } }
    throw VoidStep(
      number: update.number, what: nameOfElement(nonFinite),
      hasUpdated: clipping == nil && !buckets.ranges[0].contains(nonFinite))
  }

  /// Which update it is, and how far it goes.
  private struct WeightUpdate {
    let number: Int
    let learningRate: Double
  }

  /// The loss of a step is the mean over its M micro-batches, each of which has normalised its own
  /// losses (see `Loss` in Nets):
  ///
  ///     L = (1 / M) Σ_m Σ_k λ_k l_k
  ///     g = Σ_m ∂(Σ_k λ_k l_k)       what the slots hold after the tree
  ///     ∂L = g / M                   the factor that the optimizer applies, once, at the root
  private func updateWeights(_ elements: Range<Int>, _ update: WeightUpdate) {
    let gradients = UnsafeBufferPointer(rebasing: plan.slot(0)[plan.slotLayout.gradients])
    let mean = 1 / Double(microBatches)
    optimizer.update(
      plan.parameters.values, gradients: gradients, elements: elements,
      gradientScale: clipping?.clipped(scale: mean, of: gradients) ?? mean,
      learningRate: update.learningRate, step: update.number)
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

  private func firstNonFinite(
    of values: UnsafeMutableBufferPointer<Float>, in elements: Range<Int>
  ) -> Int? {
    guard let start = values.baseAddress else { return nil }
    let index = Int(aver_first_nonfinite_f32(start + elements.lowerBound, elements.count))
    return index < 0 ? nil : elements.lowerBound + index
  }

  private func nameOfElement(_ index: Int) -> String {
    let layout = plan.slotLayout
    if layout.sums.contains(index) { return "the loss" }
    if layout.statistics.contains(index) {
      let place = index - layout.statistics.lowerBound
      return "a batch statistic of \(plan.parameters.nameOfStatistics(at: place) ?? "a layer")"
    }
    return "the gradient of \(nameOfParameter(index))"
  }

  private func nameOfParameter(_ index: Int) -> String {
    plan.parameters.parameters.first { $0.range.contains(index) }?.name ?? "a parameter"
  }
}

/// A step in which something is not finite: all ranks know, and no weight may be used any more.
struct VoidStep: Error, CustomStringConvertible {
  /// The update, counted from 1.
  let number: Int
  /// The first of the sums over all ranks.
  let what: String
  /// Whether weights had been updated before it was met.
  let hasUpdated: Bool

  var description: String { "step \(number): \(what) is not finite" }
}
