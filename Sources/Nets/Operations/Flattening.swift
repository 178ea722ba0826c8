import COneDNN

/// An image as one row of features.
///
/// - Shapes: input `[N, C, H, W]`, result `[N, C·H·W]`.
struct Flattening: Operation {
  let name: String
  let input: ValueID
  let result: ValueID
  let order: FlatteningOrder

  var operands: [ValueID] { [input] }
  var results: [ValueID] { [result] }

  func plan(_ builder: PlanBuilder) throws -> BackwardPlan? {
    let (shape, type) = (builder.shape(of: input), builder.precision.dataType)
    let dense: MemoryDescriptor =
      try order == .channelsFirst
      ? .rowMajor(shape, type) : .strided(shape, type, order: [0, 2, 3, 1])
    let flat = try MemoryDescriptor.rowMajor(builder.shape(of: result), type)
    let source = try builder.converted(builder.located(input), to: dense, layer: name)
    // The same bytes under another name.
    builder.define(result, as: Located(layout: flat, place: source.place))
    guard builder.isLearning else { return nil }
    return { builder in
      let gradient = try builder.converted(builder.gradient(of: result), to: flat, layer: name)
      try builder.contribute(
        Located(layout: dense, place: gradient.place), to: input, layer: name)
    }
  }
}

/// In which order a flattening lays out an image.
public enum FlatteningOrder: Sendable {
  /// `[C, H, W]`, as PyTorch's `flatten`.
  case channelsFirst
  /// `[H, W, C]`, as networks that come from TensorFlow.
  case channelsLast
}

extension Graph {
  /// Adds a flattening.
  ///
  /// - Shapes: `[C, H, W]` to `[C·H·W]`.
  public mutating func flattening(
    _ input: ValueID, name: String, order: FlatteningOrder = .channelsFirst
  ) throws -> ValueID {
    let shape = try spatialShape(of: input, layer: name)
    let result = result(shape: [shape.channels * shape.height * shape.width], of: input)
    append(Flattening(name: name, input: input, result: result, order: order))
    return result
  }
}
