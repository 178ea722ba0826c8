import COneDNN

/// Matrix product with a weight, plus a bias. The result is float32 in either precision: it feeds a
/// loss.
///
/// - Shapes: input `[N, I]`, weight `[O, I]`, bias `[O]`, result `[N, O]`; a sequence `[N, T, I]` is
///   N · T rows.
struct Linear: Operation {
  let name: String
  let input: ValueID
  let result: ValueID
  let weight: Int
  let bias: Int

  func plan(_ builder: PlanBuilder) throws -> BackwardPlan? {
    let type = builder.precision.dataType
    let source = try matrix(builder.located(input), type, builder)
    let weightShape = builder.graph.parameters[weight].shape
    let weightsAny = try MemoryDescriptor.any(weightShape, type)
    let biasLayout = try MemoryDescriptor.rowMajor([weightShape[0]], dnnl_f32)
    let resultRows = try MemoryDescriptor.rowMajor(builder.rowShape(of: result), dnnl_f32)
    let forward = try PrimitiveDescriptor.innerProductForward(
      source: source.layout, weights: weightsAny, bias: biasLayout, destination: resultRows,
      builder, layer: name)
    let destination = builder.define(
      result, layout: try .rowMajor(builder.shape(of: result), dnnl_f32))
    try builder.emit(
      forward,
      [
        (DNNL_ARG_SRC, source),
        (
          DNNL_ARG_WEIGHTS,
          builder.weights(weight, layout: try forward.layout(dnnl_query_weights_md))
        ),
        (DNNL_ARG_BIAS, builder.weights(bias, layout: biasLayout)),
        (DNNL_ARG_DST, try builder.view(destination, as: builder.rowShape(of: result))),
      ])
    guard builder.isTraining else { return nil }
    return { builder in
      try planBackward(source: source, weightsAny: weightsAny, biasLayout, forward, builder)
    }
  }

  /// What the product reads: features as their producer laid them out, sequences as rows.
  private func matrix(_ value: Located, _ type: dnnl_data_type_t, _ builder: PlanBuilder) throws
    -> Located
  {
    let isSequence = builder.shape(of: input).count > 2
    if !isSequence, value.layout.dataType == type { return value }
    return try builder.rows(value, of: input, type: type, layer: name)
  }

  private func planBackward(
    source: Located, weightsAny: MemoryDescriptor, _ biasLayout: MemoryDescriptor,
    _ forward: PrimitiveDescriptor, _ builder: PlanBuilder
  ) throws {
    let gradient = try builder.rows(
      builder.gradient(of: result), of: result, type: builder.precision.dataType, layer: name)
    let gradientLayout = gradient.layout
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
    let shape = builder.shape(of: input)
    try builder.contribute(
      shape.count > 2 ? builder.view(inputGradient, as: shape) : inputGradient, to: input,
      layer: name)
  }
}

extension Graph {
  /// Adds a linear layer over the last axis.
  ///
  /// - Shapes: `[I]` to `[features]`, `[T, I]` to `[T, features]`.
  /// - Parameters: `name`.weight `[features, I]` and `name`.bias `[features]`, uniform within
  ///   1/√I as PyTorch initialises them.
  public mutating func linear(_ input: ValueID, name: String, features: Int) throws -> ValueID {
    let shape = shape(of: input)
    guard shape.count == 1 || shape.count == 2 else {
      throw NetsError.shape(
        layer: name, problem: "needs an input [features] or [frames, features], got \(shape)")
    }
    let inputs = shape[shape.count - 1]
    let bound = 1 / Float(inputs).squareRoot()
    let weight = parameter(
      ParameterSpecification(
        name: "\(name).weight", shape: [features, inputs], decays: true,
        initialization: .uniform(bound: bound)))
    let bias = parameter(
      ParameterSpecification(
        name: "\(name).bias", shape: [features], decays: false,
        initialization: .uniform(bound: bound)))
    let result = result(shape: shape.dropLast() + [features], of: input)
    append(Linear(name: name, input: input, result: result, weight: weight, bias: bias))
    return result
  }
}
