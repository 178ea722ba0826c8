import COneDNN

/// Forward and backward of one micro-batch of a classifier, compiled for its size and precision.
///
/// Use it from the thread that called `Engine.configure` only.
public final class TrainingPlan {
  /// The master weights; call `refreshWeights` after changing them.
  public let parameters: ParameterStore
  /// Samples of a micro-batch.
  public let microBatch: Int

  private let compiled: CompiledPlan
  private let input: Located
  private let labelsInput: Located
  private let weightsInput: Located
  private let output: Located

  /// Compiles a model.
  ///
  /// - Parameters:
  ///   - model: the network and its input size.
  ///   - microBatch: samples of a micro-batch.
  ///   - precision: of activations and of the weights that kernels read.
  ///   - gradientSlots: gradient vectors to hold at once, see `slot(_:)`.
  /// - Throws: `NetsError` where the model does not fit its input, oneDNN refuses or memory lacks.
  public convenience init(
    model: ModelDescription, microBatch: Int, precision: Precision, gradientSlots: Int
  ) throws {
    try self.init(
      network: model.network(), microBatch: microBatch, precision: precision,
      gradientSlots: gradientSlots)
  }

  init(network: Network, microBatch: Int, precision: Precision, gradientSlots: Int) throws {
    let builder = try PlanBuilder(
      graph: network.graph, batch: microBatch, precision: precision, isTraining: true,
      device: KernelDevice())
    input = try builder.defineImages(network.images)
    let loss = SoftmaxCrossEntropyInputs(
      logits: network.logits, labels: try builder.newInput([microBatch], dnnl_s32),
      weights: try builder.newInput([microBatch], dnnl_f32))
    labelsInput = loss.labels
    weightsInput = loss.weights
    try builder.build { try $0.emitSoftmaxCrossEntropy(loss) }
    output = builder.located(network.logits)
    builder.keep(output)
    parameters = try ParameterStore(trainedBy: builder)
    compiled = try CompiledPlan(builder, parameters: parameters, slotCount: gradientSlots)
    self.microBatch = microBatch
  }

  /// Input, normalised pixels: `[microBatch, height, width, 3]`, float32.
  public var images: UnsafeMutableBufferPointer<Float> { compiled.floats(input) }

  /// Input, class indices `[microBatch]`; not read where a sample's weight is 0.
  public var labels: UnsafeMutableBufferPointer<Int32> {
    compiled.elements(labelsInput)
  }

  /// Input, weight of each sample in the loss `[microBatch]`; 0 leaves a sample out.
  public var sampleWeights: UnsafeMutableBufferPointer<Float> {
    compiled.floats(weightsInput)
  }

  /// Output of the last run, `[microBatch, classes]`.
  var logits: UnsafeMutableBufferPointer<Float> { compiled.floats(output) }

  /// Where things lie in a slot.
  public var slotLayout: SlotLayout { compiled.slotLayout }

  /// A gradient vector with its statistics and sums, `[slotLayout.count]`.
  public func slot(_ index: Int) -> UnsafeMutableBufferPointer<Float> { compiled.slot(index) }

  /// Cuts a slot into consecutive ranges in the order in which the backward pass completes them.
  ///
  /// A range ends where a parameter ends; the last one also holds the statistics and the sums.
  ///
  /// - Units: `capacityBytes`, what a range holds unless a single parameter is larger.
  public func buckets(capacityBytes: Int) -> [Range<Int>] {
    let capacity = max(1, capacityBytes / MemoryLayout<Float>.stride)
    var ends: [Int] = []
    var start = 0
    var previousEnd = 0
    for parameter in parameters.parameters {
      let end = parameter.range.upperBound
      if end - start > capacity, previousEnd > start {
        ends.append(previousEnd)
        start = previousEnd
      }
      previousEnd = end
    }
    ends.append(slotLayout.count)
    return zip([0] + ends, ends).map { $0..<$1 }
  }

  /// Runs forward and backward on the inputs.
  ///
  /// The slot is overwritten with the gradient of `lossScale` · Σ weight · loss, the batch
  /// statistics, and the sums, which are not scaled.
  ///
  /// - Parameter draw: what random numbers are drawn for.
  /// - Throws: `NetsError.kernel` naming the layer whose kernel failed.
  public func run(slot: Int, lossScale: Float, draw: MicroBatchDraw = .none) throws {
    try compiled.run(slot: slot, lossScale: lossScale, draw: draw)
  }

  /// Runs forward and backward several times, and tells how long each step took on average.
  ///
  /// Slower than `run` as a whole, because each step waits for the one before.
  public func profile(slot: Int, lossScale: Float, repetitions: Int) throws -> [StepProfile] {
    try compiled.profile(slot: slot, lossScale: lossScale, repetitions: repetitions)
  }

  /// Brings the weights that kernels read up to date with `parameters.values`.
  public func refreshWeights() throws { try compiled.refreshWeights() }

  /// Bytes of activations and their gradients after buffers were shared.
  public var arenaBytes: Int { compiled.arenaBytes }
  /// Bytes that the same arrays would take without sharing.
  var unsharedBytes: Int { compiled.unsharedBytes }
  /// Layout changes of activations and gradients in one run.
  public var reorderCount: Int { compiled.reorderCount }
}
