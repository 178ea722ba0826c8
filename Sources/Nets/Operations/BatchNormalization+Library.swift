import COneDNN

// Batch normalisation by oneDNN's primitive: one input, in whatever layout it has.

extension BatchNormalization {
  func planLibrary(input: ValueID, _ builder: PlanBuilder) throws -> BackwardPlan? {
    let source = builder.located(input)
    var flags = dnnl_use_scale.rawValue | dnnl_use_shift.rawValue
    if activation == .relu { flags |= dnnl_fuse_norm_relu.rawValue }
    if usesRunningStatistics(builder) { flags |= dnnl_use_global_stats.rawValue }
    let forward = try PrimitiveDescriptor.batchNormalizationForward(
      data: source.layout, epsilon: Self.epsilon, flags: flags, builder, layer: name)
    let vector = try vector(builder)
    let moments = try moments(builder)
    var arguments: [(key: CInt, value: Located)] = [
      (DNNL_ARG_SRC, source), (DNNL_ARG_DST, builder.define(result, layout: source.layout)),
      (DNNL_ARG_SCALE, builder.weights(scale, layout: vector)),
      (DNNL_ARG_SHIFT, builder.weights(shift, layout: vector)),
      (DNNL_ARG_MEAN, moments.mean), (DNNL_ARG_VARIANCE, moments.variance),
    ]
    let workspace = try forward.optionalLayout(dnnl_query_workspace_md).map {
      builder.newBuffer($0)
    }
    if let workspace { arguments.append((DNNL_ARG_WORKSPACE, workspace)) }
    try builder.emit(forward, arguments)
    guard builder.isLearning else { return nil }
    return { builder in
      try planLibraryBackward(
        input: input, source: source, workspace: workspace, flags: flags, forward, builder)
    }
  }

  private func planLibraryBackward(
    input: ValueID, source: Located, workspace: Located?, flags: UInt32,
    _ forward: PrimitiveDescriptor, _ builder: PlanBuilder
  ) throws {
    let descriptor = try PrimitiveDescriptor.batchNormalizationBackward(
      dataGradient: source.layout, data: source.layout, epsilon: Self.epsilon, flags: flags,
      forward: forward, builder)
    let gradient = try builder.converted(
      builder.gradient(of: result), to: source.layout, layer: name)
    let inputGradient = builder.newBuffer(source.layout)
    let vector = try vector(builder)
    let moments = try moments(builder)
    var arguments: [(key: CInt, value: Located)] = [
      (DNNL_ARG_SRC, source), (DNNL_ARG_MEAN, moments.mean),
      (DNNL_ARG_VARIANCE, moments.variance),
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
