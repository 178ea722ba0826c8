import COneDNN

/// Forward pass of a batch with running statistics, compiled for its size and precision.
///
/// Use it from the thread that called `Engine.configure` only.
public final class InferencePlan {
  private let compiled: CompiledPlan
  private let input: Located
  private let output: Located

  /// Compiles a model that reads its weights from `parameters`, which may be those of a training
  /// plan of the same model.
  ///
  /// - Throws: `NetsError` where the model does not fit its input, oneDNN refuses or memory lacks.
  public convenience init(
    model: ModelDescription, batch: Int, precision: Precision, parameters: ParameterStore
  ) throws {
    try self.init(
      network: model.network(), batch: batch, precision: precision, parameters: parameters)
  }

  init(network: Network, batch: Int, precision: Precision, parameters: ParameterStore) throws {
    precondition(
      network.graph.parameters == parameters.graph.parameters,
      "the parameters belong to another model")
    let builder = try PlanBuilder(
      graph: network.graph, batch: batch, precision: precision, isTraining: false,
      device: KernelDevice())
    input = try builder.defineImages(network.images)
    try builder.build()
    output = builder.located(network.logits)
    builder.keep(output)
    compiled = try CompiledPlan(builder, parameters: parameters, slotCount: 0)
    try compiled.refreshWeights()
  }

  /// Input, normalised pixels: `[batch, height, width, 3]`, float32.
  public var images: UnsafeMutableBufferPointer<Float> { compiled.floats(input) }

  /// Output of the last run, `[batch, classes]`, float32.
  public var logits: UnsafeMutableBufferPointer<Float> { compiled.floats(output) }

  /// Runs the network on `images`.
  ///
  /// - Throws: `NetsError.kernel` naming the layer whose kernel failed.
  public func run() throws { try compiled.run(slot: 0, lossScale: 1) }

  /// Brings the weights that kernels read up to date with the master weights.
  public func refreshWeights() throws { try compiled.refreshWeights() }
}

extension PlanBuilder {
  /// The plan's input: float32 pixels in NHWC, as decoders produce them; the first convolution
  /// reorders them to what it wants.
  func defineImages(_ images: ValueID) throws -> Located {
    defineInput(
      images,
      layout: try .strided(shape(of: images), dnnl_f32, order: [0, 2, 3, 1]))
  }
}
