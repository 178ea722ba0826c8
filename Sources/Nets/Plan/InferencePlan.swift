import COneDNN

/// Forward pass of a batch with running statistics, compiled for its size and precision.
///
/// Batch normalisations are folded into the convolutions before them, and what follows a convolution
/// or a linear layer is done in the same pass where nothing else reads its result. Running statistics
/// are read when weights are refreshed, like weights. A large batch of images is computed in slices:
/// what one of them gives depends on no other.
///
/// Use it from the thread that called `Engine.configure` only.
public final class InferencePlan {
  private let compiled: CompiledPlan
  private let slices: BatchSlices?

  /// Compiles a model that reads its weights from `parameters`, which may be those of a training
  /// plan of the same model.
  ///
  /// - Parameter pixels: how images lie in memory.
  /// - Throws: `NetsError` where the model does not fit its input, oneDNN refuses or memory lacks.
  public convenience init(
    model: ModelDescription, batch: Int, precision: Precision, parameters: ParameterStore,
    pixels: PixelFormat.Choice = .plain
  ) throws {
    try self.init(
      graph: model.network().graph, batch: batch, precision: precision, parameters: parameters,
      pixels: pixels)
  }

  /// Compiles a graph that reads its weights from `parameters`, which may be those of a training
  /// plan of a graph with the same parameters.
  ///
  /// - Parameter pixels: how images lie in memory.
  /// - Throws: `NetsError` where the graph does not fit its input, oneDNN refuses or memory lacks.
  public convenience init(
    graph: Graph, batch: Int, precision: Precision, parameters: ParameterStore,
    pixels: PixelFormat.Choice = .plain
  ) throws {
    try self.init(
      planning: InferenceFusion.rewriting(graph), batch: batch, precision: precision,
      parameters: parameters, pixels: pixels)
  }

  /// Compiles a graph as it is.
  init(
    planning graph: Graph, batch: Int, precision: Precision, parameters: ParameterStore,
    pixels: PixelFormat.Choice = .plain
  ) throws {
    precondition(
      graph.parameters == parameters.graph.parameters, "the parameters belong to another model")
    let samples = BatchSlices.samples(of: graph, batch: batch)
    let builder = try PlanBuilder(
      graph: graph, batch: samples, precision: precision, isTraining: false, pixels: pixels,
      device: KernelDevice())
    try builder.build()
    compiled = try CompiledPlan(builder, parameters: parameters, slotCount: 0)
    slices =
      samples < batch
      ? try BatchSlices(
        count: batch / samples, inputs: compiled.inputs, outputs: compiled.outputs)
      : nil
    try compiled.refreshWeights()
  }

  /// An input that takes float32, `[rows, …]` row-major; `[rows, height, width, channels]` for
  /// pixels of the format `plain`. Ask for it once, before the first run: it is looked up by name.
  ///
  /// - Throws: `NetsError.unknownArray` where there is none of the name and format.
  public func floats(input name: String) throws -> UnsafeMutableBufferPointer<Float> {
    whole(try compiled.input(name, as: Float.self))
  }

  /// An input that takes images, in the format that the plan chose. Ask for it once, before the first
  /// run.
  ///
  /// - Throws: `NetsError.unknownArray` where there is none of the name.
  public func pixels(input name: String) throws -> PixelArray {
    let array = try compiled.pixels(name)
    return PixelArray(bytes: slices?.whole(array.bytes) ?? array.bytes, format: array.format)
  }

  /// An input that takes int32, `[rows, …]` row-major. Ask for it once, before the first run.
  ///
  /// - Throws: `NetsError.unknownArray` where there is none of the name.
  public func integers(input name: String) throws -> UnsafeMutableBufferPointer<Int32> {
    whole(try compiled.input(name, as: Int32.self))
  }

  /// An output of the last run, `[rows, …]`, row-major. Ask for it once, before the first run.
  ///
  /// - Throws: `NetsError.unknownArray` where there is none of the name.
  public func output(_ name: String) throws -> UnsafeMutableBufferPointer<Float> {
    whole(try compiled.output(name))
  }

  /// Runs the network on its inputs.
  ///
  /// - Throws: `NetsError.kernel` naming the layer whose kernel failed.
  public func run() throws {
    guard let slices else { return try runOnce() }
    try slices.run(runOnce)
  }

  private func runOnce() throws { try compiled.run(slot: 0, lossScale: 1) }

  private func whole<Element>(
    _ array: UnsafeMutableBufferPointer<Element>
  ) -> UnsafeMutableBufferPointer<Element> { slices?.whole(array) ?? array }

  /// Runs the network several times, and tells how long each step took on average for the batch, over
  /// its slices.
  ///
  /// Slower than `run` as a whole, because each step waits for the one before.
  public func profile(repetitions: Int) throws -> [StepProfile] {
    let count = slices?.count ?? 1
    return try compiled.profile(slot: 0, lossScale: 1, repetitions: repetitions * count)
      .map { $0.times(count) }
  }

  /// Bytes of activations after buffers were shared.
  public var arenaBytes: Int { compiled.arenaBytes }

  /// Brings the weights that kernels read up to date with the master weights and the running
  /// statistics.
  public func refreshWeights() throws { try compiled.refreshWeights() }
}
