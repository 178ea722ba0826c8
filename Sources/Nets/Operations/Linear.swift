import COneDNN

/// Matrix product with a weight, plus a bias. The result is float32 in either precision: it feeds a
/// loss.
///
/// - Shapes: input `[N, I]`, weight `[O, I]`, bias `[O]`, result `[N, O]`.
struct Linear: Operation {
  let name: String
  let input: ValueID
  let result: ValueID
  let weight: Int
  let bias: Int

  func plan(_ builder: PlanBuilder) throws -> BackwardPlan? {
    let type = builder.precision.dataType
    let source = builder.located(input)
    let weightShape = builder.graph.parameters[weight].shape
    let weightsAny = try MemoryDescriptor.any(weightShape, type)
    let biasLayout = try MemoryDescriptor.rowMajor([weightShape[0]], dnnl_f32)
    let forward = try PrimitiveDescriptor.innerProductForward(
      source: source.layout, weights: weightsAny, bias: biasLayout,
      destination: .rowMajor(builder.shape(of: result), dnnl_f32), builder, layer: name)
    try builder.emit(
      forward,
      [
        (DNNL_ARG_SRC, source),
        (
          DNNL_ARG_WEIGHTS,
          builder.weights(weight, layout: try forward.layout(dnnl_query_weights_md))
        ),
        (DNNL_ARG_BIAS, builder.weights(bias, layout: biasLayout)),
        (DNNL_ARG_DST, builder.define(result, layout: try forward.layout(dnnl_query_dst_md))),
      ])
    guard builder.isTraining else { return nil }
    return { builder in
      try planBackward(source: source, weightsAny: weightsAny, biasLayout, forward, builder)
    }
  }

  private func planBackward(
    source: Located, weightsAny: MemoryDescriptor, _ biasLayout: MemoryDescriptor,
    _ forward: PrimitiveDescriptor, _ builder: PlanBuilder
  ) throws {
    let gradientLayout = try MemoryDescriptor.rowMajor(
      builder.shape(of: result), builder.precision.dataType)
    let gradient = try builder.converted(
      builder.gradient(of: result), to: gradientLayout, layer: name)
    let weightsGradient = try MemoryDescriptor.rowMajor(
      builder.graph.parameters[weight].shape, dnnl_f32)
    try builder.emit(
      PrimitiveDescriptor.innerProductBackwardWeights(
        source: source.layout, weightsGradient: weightsGradient, biasGradient: biasLayout,
        destinationGradient: gradientLayout, forward: forward, builder),
      [
        (DNNL_ARG_SRC, source), (DNNL_ARG_DIFF_DST, gradient),
        (DNNL_ARG_DIFF_WEIGHTS, builder.gradient(ofParameter: weight, layout: weightsGradient)),
        (DNNL_ARG_DIFF_BIAS, builder.gradient(ofParameter: bias, layout: biasLayout)),
      ])
    guard builder.needsGradient(input) else { return }
    let backwardData = try PrimitiveDescriptor.innerProductBackwardData(
      sourceGradient: source.layout, weights: weightsAny, destinationGradient: gradientLayout,
      forward: forward, builder)
    let inputGradient = builder.newBuffer(source.layout)
    try builder.emit(
      backwardData,
      [
        (DNNL_ARG_DIFF_DST, gradient),
        (
          DNNL_ARG_WEIGHTS,
          builder.weights(weight, layout: try backwardData.layout(dnnl_query_weights_md))
        ),
        (DNNL_ARG_DIFF_SRC, inputGradient),
      ])
    try builder.contribute(inputGradient, to: input, layer: name)
  }
}

extension Graph {
  /// Adds a linear layer.
  ///
  /// - Shapes: `[I]` to `[features]`.
  /// - Parameters: `name`.weight `[features, I]` and `name`.bias `[features]`, uniform within
  ///   1/√I as PyTorch initialises them.
  public mutating func linear(_ input: ValueID, name: String, features: Int) throws -> ValueID {
    let shape = shape(of: input)
    guard shape.count == 1 else {
      throw NetsError.shape(layer: name, problem: "needs an input [features], got \(shape)")
    }
    let bound = 1 / Float(shape[0]).squareRoot()
    let weight = parameter(
      ParameterSpecification(
        name: "\(name).weight", shape: [features, shape[0]], decays: true,
        initialization: .uniform(bound: bound)))
    let bias = parameter(
      ParameterSpecification(
        name: "\(name).bias", shape: [features], decays: false,
        initialization: .uniform(bound: bound)))
    let result = result(shape: [features])
    append(Linear(name: name, input: input, result: result, weight: weight, bias: bias))
    return result
  }
}
