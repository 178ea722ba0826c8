import COneDNN

/// max(left + right, 0): the end of a residual block.
///
/// - Shapes: left, right and result `[N, C, H, W]`.
struct AdditionReLU: Operation {
  let name: String
  let left: ValueID
  let right: ValueID
  let result: ValueID

  var operands: [ValueID] { [left, right] }
  var results: [ValueID] { [result] }

  func plan(_ builder: PlanBuilder) throws -> BackwardPlan? {
    let left = builder.located(left)
    let right = try builder.converted(builder.located(right), to: left.layout, layer: name)
    let destination = builder.define(result, layout: left.layout)
    try builder.emit(
      PrimitiveDescriptor.addition(
        left.layout, right.layout, destination.layout, PrimitiveAttributes(function: .relu),
        builder,
        layer: name),
      [
        (DNNL_ARG_SRC_0, left), (DNNL_ARG_SRC_1, right), (DNNL_ARG_DST, destination),
      ])
    guard builder.isLearning else { return nil }
    return { builder in try planBackward(destination: destination, builder) }
  }

  private func planBackward(destination: Located, _ builder: PlanBuilder) throws {
    let gradient = try builder.converted(
      builder.gradient(of: result), to: destination.layout, layer: name)
    let masked = builder.newBuffer(destination.layout)
    let relu = ActivationFunction.relu.native
    let forward = try PrimitiveDescriptor.elementwiseForward(
      relu, destination.layout, builder, layer: name)
    try builder.emit(
      PrimitiveDescriptor.elementwiseBackward(
        relu, dataGradient: destination.layout, data: destination.layout, forward: forward,
        builder),
      [
        (DNNL_ARG_DST, destination), (DNNL_ARG_DIFF_DST, gradient), (DNNL_ARG_DIFF_SRC, masked),
      ])
    // Both inputs have the same gradient: one array serves both.
    try builder.contribute(masked, to: left, layer: name)
    try builder.contribute(masked, to: right, layer: name)
  }
}

extension Graph {
  /// Adds max(left + right, 0).
  ///
  /// - Shapes: `[C, H, W]`, twice, to the same.
  public mutating func additionReLU(_ left: ValueID, _ right: ValueID, name: String) throws
    -> ValueID
  {
    guard shape(of: left) == shape(of: right), rows(of: left) == rows(of: right) else {
      throw NetsError.shape(
        layer: name, problem: "cannot add \(shape(of: left)) and \(shape(of: right))")
    }
    let result = result(shape: shape(of: left), of: left)
    append(AdditionReLU(name: name, left: left, right: right, result: result))
    return result
  }
}
