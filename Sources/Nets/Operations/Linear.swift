import COneDNN

/// Matrix product with a weight, plus a bias.
///
/// - Shapes: input `[N, I]`, weight `[O, I]`, bias `[O]`, result `[N, O]`; a sequence `[N, T, I]` is
///   N · T rows.
struct Linear: Operation {
  let name: String
  let input: ValueID
  var result: ValueID
  let weight: Int
  let bias: Int
  /// Whether the result is float32 in either precision: what feeds a loss.
  var isFloat = true
  /// What the result passes through, in inference.
  var function: ActivationFunction?

  var operands: [ValueID] { [input] }
  var results: [ValueID] { [result] }
  var parameters: [Int] { [weight, bias] }

  func plan(_ builder: PlanBuilder) throws -> BackwardPlan? {
    let type = builder.precision.dataType
    let source = try matrix(builder.located(input), type, builder)
    let resultType = isFloat ? dnnl_f32 : type
    let weightShape = weightShape(builder)
    let weightsAny = try MemoryDescriptor.any(weightShape, type)
    let biasLayout = try MemoryDescriptor.rowMajor([weightShape[0]], dnnl_f32)
    let resultRows = try MemoryDescriptor.rowMajor(builder.rowShape(of: result), resultType)
    let forward = try PrimitiveDescriptor.innerProductForward(
      source: source.layout, weights: weightsAny, bias: biasLayout, destination: resultRows,
      attributes: function.map { try PrimitiveAttributes(function: $0) }, builder, layer: name)
    let destination = builder.define(
      result, layout: try .rowMajor(builder.shape(of: result), resultType))
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
    guard builder.isLearning else { return nil }
    return { builder in
      try planBackward(source: source, weightsAny: weightsAny, biasLayout, forward, builder)
    }
  }

  private func weightShape(_ builder: PlanBuilder) -> [Int] {
    let specification = builder.graph.parameters[weight]
    return specification.kernelShape ?? specification.shape
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
    if builder.learns(anyOf: parameters) {
      try planBackwardWeights(
        source: source, gradient: gradient, biasLayout, forward, builder)
    }
    if builder.needsGradient(input) {
      try planBackwardData(
        source: source, gradient: gradient, weightsAny: weightsAny, forward, builder)
    }
  }

  private func planBackwardWeights(
    source: Located, gradient: Located, _ biasLayout: MemoryDescriptor,
    _ forward: PrimitiveDescriptor, _ builder: PlanBuilder
  ) throws {
    let weightsGradient = try MemoryDescriptor.rowMajor(weightShape(builder), dnnl_f32)
    try builder.emit(
      PrimitiveDescriptor.innerProductBackwardWeights(
        source: source.layout, weightsGradient: weightsGradient, biasGradient: biasLayout,
        destinationGradient: gradient.layout, forward: forward, builder),
      [
        (DNNL_ARG_SRC, source), (DNNL_ARG_DIFF_DST, gradient),
        (DNNL_ARG_DIFF_WEIGHTS, builder.gradient(ofParameter: weight, layout: weightsGradient)),
        (DNNL_ARG_DIFF_BIAS, builder.gradient(ofParameter: bias, layout: biasLayout)),
      ])
  }

  private func planBackwardData(
    source: Located, gradient: Located, weightsAny: MemoryDescriptor,
    _ forward: PrimitiveDescriptor, _ builder: PlanBuilder
  ) throws {
    let backwardData = try PrimitiveDescriptor.innerProductBackwardData(
      sourceGradient: source.layout, weights: weightsAny, destinationGradient: gradient.layout,
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
  /// Adds a linear layer over the last axis. The result is float32 in either precision: it feeds a
  /// loss.
  ///
  /// - Shapes: `[I]` to `[features]`, `[T, I]` to `[T, features]`.
  /// - Parameters:
  ///   - weights: how the weights start out; nil: uniform within 1/√I as PyTorch initialises them.
  ///   - biases: how the biases start out; nil: as the weights.
  ///
  /// Adds the parameters `name`.weight `[features, I]` and `name`.bias `[features]`.
  public mutating func linear(
    _ input: ValueID, name: String, features: Int, weights: Initialization? = nil,
    biases: Initialization? = nil
  ) throws -> ValueID {
    let shape = shape(of: input)
    guard shape.count == 1 || shape.count == 2 else {
      throw NetsError.shape(
        layer: name, problem: "needs an input [features] or [frames, features], got \(shape)")
    }
    let inputs = shape[shape.count - 1]
    let weights = weights ?? .uniform(bound: 1 / Float(inputs).squareRoot())
    let weight = parameter(
      ParameterSpecification(
        name: "\(name).weight", shape: [features, inputs], decays: true,
        initialization: weights))
    let bias = parameter(
      ParameterSpecification(
        name: "\(name).bias", shape: [features], decays: false,
        initialization: biases ?? weights))
    let result = result(shape: shape.dropLast() + [features], of: input)
    append(Linear(name: name, input: input, result: result, weight: weight, bias: bias))
    return result
  }

  /// Adds a 1×1 convolution with bias of an image of one pixel, such as pooled channels: a matrix
  /// product.
  ///
  /// - Shapes: `[I]` to `[channels]`.
  ///
  /// Adds the parameters of a convolution: `name`.weight `[channels, I, 1, 1]`, Kaiming-normal over
  /// fan-out, and `name`.bias `[channels]`, starting at 0.
  public mutating func convolutionOfOnePixel(
    _ input: ValueID, name: String, channels: Int
  ) throws -> ValueID {
    let shape = shape(of: input)
    guard shape.count == 1 else {
      throw NetsError.shape(layer: name, problem: "needs an input [channels], got \(shape)")
    }
    let weight = parameter(
      ParameterSpecification(
        name: "\(name).weight", shape: [channels, shape[0], 1, 1],
        kernelShape: [channels, shape[0]], decays: true,
        initialization: .kaimingNormal(fanOut: channels)))
    let bias = parameter(
      ParameterSpecification(
        name: "\(name).bias", shape: [channels], decays: false, initialization: .constant(0)))
    let result = result(shape: [channels], of: input)
    append(
      Linear(
        name: name, input: input, result: result, weight: weight, bias: bias, isFloat: false))
    return result
  }
}
