import COneDNN

/// Batch normalisation over N, H and W, with a ReLU fused into it where asked.
///
/// In training the statistics are those of the micro-batch; they are written into its slot, so that
/// the tree can average them over the whole batch. In inference the running statistics are used.
///
/// - Shapes: input and result `[N, C, H, W]`; weight (scale) and bias (shift) `[C]`.
/// - Source: S. Ioffe and C. Szegedy, 2015.
struct BatchNormalization: Operation {
  /// PyTorch's default.
  static let epsilon: Float = 1e-5

  let name: String
  let input: ValueID
  let result: ValueID
  let scale: Int
  let shift: Int
  let statistics: Int
  let relu: Bool

  func plan(_ builder: PlanBuilder) throws -> BackwardPlan? {
    let statistics = builder.graph.statistics[statistics]
    if builder.isTraining, builder.shape(of: input)[0] * statistics.elementsPerSample < 2 {
      throw NetsError.shape(
        layer: name,
        problem: "one value a channel has no variance; use a larger image or batch.micro >= 2")
    }
    let source = builder.located(input)
    var flags = dnnl_use_scale.rawValue | dnnl_use_shift.rawValue
    if relu { flags |= dnnl_fuse_norm_relu.rawValue }
    if !builder.isTraining { flags |= dnnl_use_global_stats.rawValue }
    let forward = try PrimitiveDescriptor.batchNormalizationForward(
      data: source.layout, epsilon: Self.epsilon, flags: flags, builder, layer: name)
    let vector = try MemoryDescriptor.rowMajor([statistics.channels], dnnl_f32)
    let mean = Located(
      layout: vector,
      place: builder.isTraining
        ? .batchMean(statistics: self.statistics) : .runningMean(statistics: self.statistics))
    let variance = Located(
      layout: vector,
      place: builder.isTraining
        ? .batchVariance(statistics: self.statistics)
        : .runningVariance(statistics: self.statistics))
    let result = builder.define(result, layout: source.layout)
    var arguments: [(key: CInt, value: Located)] = [
      (DNNL_ARG_SRC, source), (DNNL_ARG_DST, result),
      (DNNL_ARG_SCALE, builder.weights(scale, layout: vector)),
      (DNNL_ARG_SHIFT, builder.weights(shift, layout: vector)),
      (DNNL_ARG_MEAN, mean), (DNNL_ARG_VARIANCE, variance),
    ]
    let workspace = try forward.optionalLayout(dnnl_query_workspace_md).map {
      builder.newBuffer($0)
    }
    if let workspace { arguments.append((DNNL_ARG_WORKSPACE, workspace)) }
    try builder.emit(forward, arguments)
    guard builder.isTraining else { return nil }
    return { builder in
      try planBackward(
        source: source, mean: mean, variance: variance, workspace: workspace, vector: vector,
        flags: flags, forward, builder)
    }
  }

  private func planBackward(
    source: Located, mean: Located, variance: Located, workspace: Located?,
    vector: MemoryDescriptor, flags: UInt32, _ forward: PrimitiveDescriptor,
    _ builder: PlanBuilder
  ) throws {
    let descriptor = try PrimitiveDescriptor.batchNormalizationBackward(
      dataGradient: source.layout, data: source.layout, epsilon: Self.epsilon, flags: flags,
      forward: forward, builder)
    let gradient = try builder.converted(
      builder.gradient(of: result), to: source.layout, layer: name)
    let inputGradient = builder.newBuffer(source.layout)
    var arguments: [(key: CInt, value: Located)] = [
      (DNNL_ARG_SRC, source), (DNNL_ARG_MEAN, mean), (DNNL_ARG_VARIANCE, variance),
      (DNNL_ARG_DIFF_DST, gradient), (DNNL_ARG_DIFF_SRC, inputGradient),
      (DNNL_ARG_SCALE, builder.weights(scale, layout: vector)),
      (DNNL_ARG_DIFF_SCALE, builder.gradient(ofParameter: scale, layout: vector)),
      (DNNL_ARG_DIFF_SHIFT, builder.gradient(ofParameter: shift, layout: vector)),
    ]
    if aver_batch_normalization_backward_takes_shift() {
      arguments.append((DNNL_ARG_SHIFT, builder.weights(shift, layout: vector)))
    }
    if let workspace { arguments.append((DNNL_ARG_WORKSPACE, workspace)) }
    try builder.emit(descriptor, arguments)
    try builder.contribute(inputGradient, to: input, layer: name)
  }
}

extension Graph {
  /// Adds a batch normalisation, followed by a ReLU where asked.
  ///
  /// - Shapes: `[C, H, W]` to the same.
  /// - Parameters: `name`.weight and `name`.bias `[C]`, starting at 1 and 0; running statistics
  ///   `name`.running_mean and `name`.running_var `[C]`.
  public mutating func batchNormalization(_ input: ValueID, name: String, relu: Bool) throws
    -> ValueID
  {
    let shape = try spatialShape(of: input, layer: name)
    let scale = parameter(
      ParameterSpecification(
        name: "\(name).weight", shape: [shape.channels], decays: false,
        initialization: .constant(1)))
    let shift = parameter(
      ParameterSpecification(
        name: "\(name).bias", shape: [shape.channels], decays: false,
        initialization: .constant(0)))
    let statistics = statistics(
      StatisticsSpecification(
        name: name, channels: shape.channels, elementsPerSample: shape.height * shape.width))
    let result = result(shape: self.shape(of: input), of: input)
    append(
      BatchNormalization(
        name: name, input: input, result: result, scale: scale, shift: shift,
        statistics: statistics, relu: relu))
    return result
  }
}
