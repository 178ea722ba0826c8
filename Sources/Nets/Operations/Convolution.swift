import COneDNN

/// Two-dimensional convolution without bias: a batch normalisation follows everywhere it is used.
///
/// - Shapes: input `[N, I, H, W]`, weight `[O, I, K, K]`, result `[N, O, H', W']`.
struct Convolution: Operation {
  let name: String
  let input: ValueID
  let result: ValueID
  let weight: Int
  let window: Window

  func plan(_ builder: PlanBuilder) throws -> BackwardPlan? {
    let type = builder.precision.dataType
    let sourceAny = try MemoryDescriptor.any(builder.shape(of: input), type)
    let weightsAny = try MemoryDescriptor.any(builder.graph.parameters[weight].shape, type)
    let resultAny = try MemoryDescriptor.any(builder.shape(of: result), type)
    let forward = try PrimitiveDescriptor.convolutionForward(
      source: sourceAny, weights: weightsAny, destination: resultAny, window: window, builder,
      layer: name)
    let source = try builder.converted(
      builder.located(input), to: forward.layout(dnnl_query_src_md), layer: name)
    try builder.emit(
      forward,
      [
        (DNNL_ARG_SRC, source),
        (
          DNNL_ARG_WEIGHTS,
          builder.weights(weight, layout: try forward.layout(dnnl_query_weights_md))
        ),
        (
          DNNL_ARG_DST, builder.define(result, layout: try forward.layout(dnnl_query_dst_md))
        ),
      ])
    guard builder.isTraining else { return nil }
    return { builder in
      let gradient = builder.gradient(of: result)
      try planBackwardWeights(
        source: source, gradient: gradient, any: (sourceAny, resultAny), forward, builder)
      if builder.needsGradient(input) {
        try planBackwardData(
          gradient: gradient, any: (sourceAny, weightsAny, resultAny), forward, builder)
      }
    }
  }

  private func planBackwardWeights(
    source: Located, gradient: Located, any: (source: MemoryDescriptor, result: MemoryDescriptor),
    _ forward: PrimitiveDescriptor, _ builder: PlanBuilder
  ) throws {
    // float32 whatever the precision: the sum over the batch and the micro-batches needs it.
    let weightsAny = try MemoryDescriptor.any(builder.graph.parameters[weight].shape, dnnl_f32)
    let descriptor = try PrimitiveDescriptor.convolutionBackwardWeights(
      source: any.source, weightsGradient: weightsAny, destinationGradient: any.result,
      window: window, forward: forward, builder)
    let source = try builder.converted(
      source, to: descriptor.layout(dnnl_query_src_md), layer: name)
    let gradient = try builder.converted(
      gradient, to: descriptor.layout(dnnl_query_diff_dst_md), layer: name)
    let weightsLayout = try descriptor.layout(dnnl_query_diff_weights_md)
    try builder.emit(
      descriptor,
      [
        (DNNL_ARG_SRC, source), (DNNL_ARG_DIFF_DST, gradient),
        (DNNL_ARG_DIFF_WEIGHTS, builder.gradient(ofParameter: weight, layout: weightsLayout)),
      ])
  }

  private func planBackwardData(
    gradient: Located,
    any: (source: MemoryDescriptor, weights: MemoryDescriptor, result: MemoryDescriptor),
    _ forward: PrimitiveDescriptor, _ builder: PlanBuilder
  ) throws {
    let descriptor = try PrimitiveDescriptor.convolutionBackwardData(
      sourceGradient: any.source, weights: any.weights, destinationGradient: any.result,
      window: window, forward: forward, builder)
    let gradient = try builder.converted(
      gradient, to: descriptor.layout(dnnl_query_diff_dst_md), layer: name)
    let inputGradient = builder.newBuffer(try descriptor.layout(dnnl_query_diff_src_md))
    let weightsLayout = try descriptor.layout(dnnl_query_weights_md)
    try builder.emit(
      descriptor,
      [
        (DNNL_ARG_DIFF_DST, gradient),
        (DNNL_ARG_WEIGHTS, builder.weights(weight, layout: weightsLayout)),
        (DNNL_ARG_DIFF_SRC, inputGradient),
      ])
    try builder.contribute(inputGradient, to: input, layer: name)
  }
}

extension Graph {
  /// Adds a convolution without bias.
  ///
  /// - Shapes: `[I, H, W]` to `[channels, H', W']`.
  /// - Parameters: `name`.weight `[channels, I, kernel, kernel]`, Kaiming-normal over fan-out as
  ///   torchvision initialises residual networks.
  public mutating func convolution(
    _ input: ValueID, name: String, channels: Int, kernel: Int, stride: Int = 1, padding: Int = 0
  ) throws -> ValueID {
    let shape = try spatialShape(of: input, layer: name)
    let window = Window(kernel: kernel, stride: stride, padding: padding)
    let size = try window.resultSize(height: shape.height, width: shape.width, layer: name)
    let weight = parameter(
      ParameterSpecification(
        name: "\(name).weight", shape: [channels, shape.channels, kernel, kernel], decays: true,
        initialization: .kaimingNormal(fanOut: channels * kernel * kernel)))
    let result = result(shape: [channels, size.height, size.width])
    append(
      Convolution(name: name, input: input, result: result, weight: weight, window: window))
    return result
  }
}
