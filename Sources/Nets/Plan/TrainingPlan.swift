import COneDNN

/// Forward and backward of one micro-batch of a graph with losses, compiled for its size and
/// precision.
///
/// Use it from the thread that called `Engine.configure` only.
public final class TrainingPlan {
  /// The master weights; call `refreshWeights` after changing them.
  public let parameters: ParameterStore
  /// Samples of a micro-batch.
  public let microBatch: Int

  private let compiled: CompiledPlan

  /// Compiles a model as a classifier: `Network.addClassificationLoss`.
  ///
  /// - Parameters:
  ///   - model: the network and its input size.
  ///   - microBatch: samples of a micro-batch.
  ///   - precision: of activations and of the weights that kernels read.
  ///   - gradientSlots: gradient vectors to hold at once, see `slot(_:)`.
  ///   - mixed: whether samples are mixed of two.
  ///   - pixels: how images lie in memory.
  /// - Throws: `NetsError` where the model does not fit its input, oneDNN refuses or memory lacks.
  public convenience init(
    model: ModelDescription, microBatch: Int, precision: Precision, gradientSlots: Int,
    mixed: Bool = false, pixels: PixelFormat.Choice = .plain
  ) throws {
    var network = try model.network()
    try network.addClassificationLoss(mixed: mixed)
    try self.init(
      graph: network.graph, microBatch: microBatch, precision: precision,
      gradientSlots: gradientSlots, pixels: pixels)
  }

  /// Compiles a graph with its losses.
  ///
  /// What the graph has frozen costs its forward pass, and as much of the backward pass as there are
  /// parameters to be trained before it.
  ///
  /// - Parameters:
  ///   - graph: every parameter that is not frozen must have part in a loss.
  ///   - microBatch: samples of a micro-batch.
  ///   - precision: of activations and of the weights that kernels read.
  ///   - gradientSlots: gradient vectors to hold at once, see `slot(_:)`.
  ///   - pixels: how images lie in memory.
  /// - Throws: `NetsError` where the graph has no loss or does not fit its input, oneDNN refuses
  ///   or memory lacks.
  public convenience init(
    graph: Graph, microBatch: Int, precision: Precision, gradientSlots: Int,
    pixels: PixelFormat.Choice = .plain
  ) throws {
    try self.init(
      TrainingPlanDraft(
        graph: graph, microBatch: microBatch, precision: precision, pixels: pixels),
      gradientSlots: gradientSlots)
  }

  /// Compiles what was drafted.
  ///
  /// - Parameters:
  ///   - draft: a graph of which everything but its memory has been planned.
  ///   - gradientSlots: gradient vectors to hold at once, see `slot(_:)`.
  ///   - first: the memory of slot 0, `[draft.slotLayout.count]`, zeros on a 64-byte boundary; it has to outlive the
  ///     plan. Nil for memory of its own.
  /// - Throws: `NetsError` where oneDNN refuses or memory lacks.
  public init(
    _ draft: TrainingPlanDraft, gradientSlots: Int,
    first: UnsafeMutableBufferPointer<Float>? = nil
  ) throws {
    precondition(first.map { $0.count >= draft.slotLayout.count } ?? true, "too small a slot")
    parameters = draft.parameters
    compiled = try CompiledPlan(
      draft.builder, parameters: parameters, slotCount: gradientSlots,
      first: first.flatMap { $0.baseAddress.map(UnsafeMutableRawPointer.init) })
    microBatch = draft.microBatch
  }

  /// An input that takes float32, `[rows, …]` row-major; `[rows, height, width, channels]` for
  /// pixels of the format `plain`. Ask for it once, before the first run: it is looked up by name.
  ///
  /// - Throws: `NetsError.unknownArray` where there is none of the name and format.
  public func floats(input name: String) throws -> UnsafeMutableBufferPointer<Float> {
    try compiled.input(name, as: Float.self)
  }

  /// An input that takes images, in the format that the plan chose. Ask for it once, before the first
  /// run.
  ///
  /// - Throws: `NetsError.unknownArray` where there is none of the name.
  public func pixels(input name: String) throws -> PixelArray { try compiled.pixels(name) }

  /// An input that takes int32, `[rows, …]` row-major. Ask for it once, before the first run.
  ///
  /// - Throws: `NetsError.unknownArray` where there is none of the name.
  public func integers(input name: String) throws -> UnsafeMutableBufferPointer<Int32> {
    try compiled.input(name, as: Int32.self)
  }

  /// An output of the last run, `[rows, …]`, row-major. Ask for it once, before the first run.
  ///
  /// - Throws: `NetsError.unknownArray` where there is none of the name.
  public func output(_ name: String) throws -> UnsafeMutableBufferPointer<Float> {
    try compiled.output(name)
  }

  /// Where things lie in a slot.
  public var slotLayout: SlotLayout { compiled.slotLayout }

  /// A gradient vector with its statistics and sums, `[slotLayout.count]`.
  public func slot(_ index: Int) -> UnsafeMutableBufferPointer<Float> { compiled.slot(index) }

  /// Cuts a slot into consecutive buckets in the order in which the backward pass completes them.
  ///
  /// A bucket ends where a parameter ends. What is summed last has nothing to hide behind: the last bucket, which
  /// also holds the statistics and the sums, is small, and those before it grow to the capacity.
  ///
  /// - Parameters:
  ///   - capacityBytes: what a bucket holds unless a single parameter is larger.
  ///   - lastBytes: what the last one holds of the parameters, the one before twice that, and so on.
  public func buckets(capacityBytes: Int, lastBytes: Int) -> GradientBuckets {
    var starts: [Int] = []
    var end = slotLayout.gradients.upperBound
    var limit = min(capacityBytes, lastBytes)
    var start = end
    for parameter in parameters.parameters.reversed() where !parameter.isFrozen {
      let bytes = (end - parameter.range.lowerBound) * MemoryLayout<Float>.stride
      if bytes > limit, start < end {
        starts.append(start)
        end = start
        limit = min(capacityBytes, 2 * limit)
      }
      start = parameter.range.lowerBound
    }
    let bounds = [0] + starts.reversed() + [slotLayout.count]
    let ranges = zip(bounds, bounds.dropFirst()).map { $0..<$1 }
    return GradientBuckets(ranges: ranges, completions: completions(of: ranges))
  }

  /// How many of the plan's steps have run when each of some consecutive ranges is complete.
  private func completions(of ranges: [Range<Int>]) -> [Int] {
    var latest = 0
    return ranges.map { range in
      for (place, parameter) in parameters.parameters.enumerated()
      where range.overlaps(parameter.range) {
        latest = max(latest, compiled.completions[place] ?? 0)
      }
      return range.upperBound > slotLayout.gradients.upperBound ? compiled.stepCount : latest
    }
  }

  /// Runs forward and backward on the inputs.
  ///
  /// The slot is overwritten with the gradient of `lossScale` · Σ λ · loss, in which each loss is
  /// its mean over the micro-batch (see `Loss`), the batch statistics, and the sums, which are not
  /// scaled.
  ///
  /// - Parameter draw: what random numbers are drawn for.
  /// - Throws: `NetsError.kernel` naming the layer whose kernel failed.
  public func run(slot: Int, lossScale: Float = 1, draw: MicroBatchDraw = .none) throws {
    try compiled.run(slot: slot, lossScale: lossScale, draw: draw)
  }

  /// The same, and tells of each bucket of the slot as soon as it is complete.
  ///
  /// - Parameter completed: is told the bucket's place, in their order; the backward pass goes on when it returns.
  public func run(
    slot: Int, draw: MicroBatchDraw, buckets: GradientBuckets, completed: (Int) throws -> Void
  ) throws {
    try compiled.run(
      slot: slot, lossScale: 1, draw: draw, pausingAfter: buckets.completions, completed)
  }

  /// Runs the forward pass on the inputs and looks at all that it computes, which takes long. Overwrites slot 0.
  ///
  /// - Parameter draw: what random numbers are drawn for.
  /// - Returns: the first layer with a value that is not finite, of a loss its name; nil where there is none.
  public func firstNonFiniteLayer(draw: MicroBatchDraw) throws -> String? {
    try compiled.firstNonFiniteLayer(draw: draw)
  }

  /// Runs forward and backward several times, and tells how long each step took on average.
  ///
  /// Slower than `run` as a whole, because each step waits for the one before.
  public func profile(slot: Int, lossScale: Float = 1, repetitions: Int) throws -> [StepProfile] {
    try compiled.profile(slot: slot, lossScale: lossScale, repetitions: repetitions)
  }

  /// Brings the weights that kernels read up to date with `parameters`.
  public func refreshWeights() throws { try compiled.refreshWeights() }

  /// The same after an update, which leaves frozen parameters and statistics as they are.
  public func refreshTrainedWeights() throws { try compiled.refreshTrainedWeights() }

  /// Bytes of activations and their gradients after buffers were shared.
  public var arenaBytes: Int { compiled.arenaBytes }
  /// Bytes that the same arrays would take without sharing.
  var unsharedBytes: Int { compiled.unsharedBytes }
  /// Kernels that the backward pass runs.
  var backwardCount: Int { compiled.backwardCount }
  /// Layout changes of activations and gradients in one run.
  public var reorderCount: Int { compiled.reorderCount }
}

/// Consecutive ranges of a slot, in the order in which the backward pass completes them.
public struct GradientBuckets: Equatable, Sendable {
  /// Elements of the slot; together all of them.
  public let ranges: [Range<Int>]
  /// How many of the plan's steps have run when each is complete.
  let completions: [Int]
}
