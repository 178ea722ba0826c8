import COneDNN

/// Layer normalisation over the last axis: each row has mean 0 and variance 1, then is scaled and
/// shifted element by element.
///
/// The result has the type of the input: what a linear layer hands over in float32 is normalised in
/// float32, in either precision of the plan.
///
/// - Shapes: input and result `[N, F]` or `[N, T, F]`; weight (scale) and bias (shift) `[F]`.
/// - Source: J. Ba, J. Kiros and G. Hinton, 2016.
struct LayerNormalization: Operation {
  /// PyTorch's default.
  static let epsilon: Float = 1e-5
  private static let flags = dnnl_use_scale.rawValue | dnnl_use_shift.rawValue

  let name: String
  let input: ValueID
  let result: ValueID
  let scale: Int
  let shift: Int

  var operands: [ValueID] { [input] }
  var results: [ValueID] { [result] }
  var parameters: [Int] { [scale, shift] }

  func plan(_ builder: PlanBuilder) throws -> BackwardPlan? {
    let source = try builder.rows(builder.located(input), of: input, layer: name)
    let rows = builder.rowShape(of: input)
    let statistics = try MemoryDescriptor.rowMajor([rows[0]], dnnl_f32)
    let vector = try MemoryDescriptor.rowMajor([rows[1]], dnnl_f32)
    let forward = try PrimitiveDescriptor.layerNormalizationForward(
      data: source.layout, statistics: statistics, epsilon: Self.epsilon, flags: Self.flags,
      builder, layer: name)
    let result = builder.define(
      result, layout: try .rowMajor(builder.shape(of: result), source.layout.dataType))
    var arguments: [(key: CInt, value: Located)] = [
      (DNNL_ARG_SRC, source), (DNNL_ARG_DST, try builder.view(result, as: rows)),
      (DNNL_ARG_SCALE, builder.weights(scale, layout: vector)),
      (DNNL_ARG_SHIFT, builder.weights(shift, layout: vector)),
    ]
    guard builder.isLearning else {
      try builder.emit(forward, arguments)
      return nil
    }
    let mean = builder.newBuffer(statistics)
    let variance = builder.newBuffer(statistics)
    arguments += [(DNNL_ARG_MEAN, mean), (DNNL_ARG_VARIANCE, variance)]
    try builder.emit(forward, arguments)
    return { builder in
      try planBackward(
        source: source, mean: mean, variance: variance, vector: vector, forward, builder)
    }
  }

  private func planBackward(
    source: Located, mean: Located, variance: Located, vector: MemoryDescriptor,
    _ forward: PrimitiveDescriptor, _ builder: PlanBuilder
  ) throws {
    let type = source.layout.dataType
    let gradient = try builder.rows(
      builder.gradient(of: result), of: result, type: type, layer: name)
    let inputGradient = builder.newBuffer(try .rowMajor(builder.shape(of: input), type))
    let arguments: [(key: CInt, value: Located)] = [
      (DNNL_ARG_SRC, source), (DNNL_ARG_MEAN, mean), (DNNL_ARG_VARIANCE, variance),
      (DNNL_ARG_DIFF_DST, gradient),
      (DNNL_ARG_DIFF_SRC, try builder.view(inputGradient, as: builder.rowShape(of: input))),
      (DNNL_ARG_SCALE, builder.weights(scale, layout: vector)),
      // Asked for without need, by every version (of batch normalisation only by oneDNN 2.x).
      (DNNL_ARG_SHIFT, builder.weights(shift, layout: vector)),
      (DNNL_ARG_DIFF_SCALE, builder.gradient(ofParameter: scale, layout: vector)),
      (DNNL_ARG_DIFF_SHIFT, builder.gradient(ofParameter: shift, layout: vector)),
    ]
    try builder.emit(
      PrimitiveDescriptor.layerNormalizationBackward(
        data: source.layout, statistics: mean.layout, epsilon: Self.epsilon, flags: Self.flags,
        forward: forward, builder), arguments)
    if builder.needsGradient(input) {
      try builder.contribute(inputGradient, to: input, layer: name)
    }
  }
}

extension Graph {
  /// Adds a layer normalisation over the last axis.
  ///
  /// - Shapes: `[F]` or `[T, F]` to the same.
  /// - Parameters: `name`.weight and `name`.bias `[F]`, starting at 1 and 0.
  public mutating func layerNormalization(_ input: ValueID, name: String) throws -> ValueID {
    let shape = shape(of: input)
    guard shape.count == 1 || shape.count == 2 else {
      throw NetsError.shape(
        layer: name, problem: "needs an input [features] or [frames, features], got \(shape)")
    }
    let features = shape[shape.count - 1]
    let scale = parameter(
      ParameterSpecification(
        name: "\(name).weight", shape: [features], decays: false, initialization: .constant(1)))
    let shift = parameter(
      ParameterSpecification(
        name: "\(name).bias", shape: [features], decays: false, initialization: .constant(0)))
    let result = result(shape: shape, of: input)
    append(
      LayerNormalization(name: name, input: input, result: result, scale: scale, shift: shift))
    return result
  }
}
