/// Which frames of sequences are there, as arrays of a model.
struct FrameMask {
  /// Lengths within 0 and the frames that there are, `[N]`, int32.
  let lengths: String
  /// `[N, T, 1]`, true where a frame is there.
  let frames: String
}

extension ONNXBuilder {
  /// Which frames lie before the end of their sequences; the same for all layers.
  ///
  /// - Parameter input: an array `[N, T, F]`, which knows T.
  func mask(by lengths: ValueID, of input: String) -> FrameMask {
    if let known = masks[lengths] { return known }
    let (layer, given) = ("lengths", name(of: lengths))
    let extent = add(
      "Shape", [input], ["start": .integer(1), "end": .integer(2)], layer: layer)
    let wide = add("Cast", [given], ["to": .integer(TensorType.i64.onnxNumber)], layer: layer)
    let bounded = add(
      "Max", [add("Min", [wide, extent], layer: layer), integer(0)], layer: layer)
    let places = add(
      "Range", [integer(0), add("Squeeze", [extent], layer: layer), integer(1)], layer: layer)
    let ends = add("Unsqueeze", [bounded, integers([1])], layer: layer)
    let valid = add("Less", [places, ends], layer: layer)
    let mask = FrameMask(
      lengths: add("Cast", [bounded], ["to": .integer(TensorType.i32.onnxNumber)], layer: layer),
      frames: add("Unsqueeze", [valid, integers([2])], layer: layer))
    masks[lengths] = mask
    return mask
  }
}

extension PaddingMask {
  func export(to builder: ONNXBuilder) throws {
    let input = builder.name(of: input)
    let mask = builder.mask(by: lengths, of: input)
    builder.define(result, "Where", [mask.frames, input, builder.number(0)], layer: name)
  }
}

extension PresentFrames {
  func export(to builder: ONNXBuilder) throws {
    func add(
      _ operation: String, _ inputs: [String],
      _ attributes: KeyValuePairs<String, ONNXAttribute> = [:]
    ) -> String { builder.add(operation, inputs, attributes, layer: name) }
    let moved = add("Sub", [builder.name(of: input), builder.name(of: mean)])
    let standardised = add("Mul", [moved, builder.name(of: factor)])
    let column = add("Unsqueeze", [builder.name(of: presence), builder.integers([2])])
    let isThere = add("Cast", [column], ["to": .integer(TensorType.bool.onnxNumber)])
    let features = add("Where", [isThere, standardised, builder.number(0)])
    let flag = add("Cast", [isThere], ["to": .integer(TensorType.f32.onnxNumber)])
    builder.define(result, "Concat", [features, flag], ["axis": .integer(2)], layer: name)
  }
}

extension SequenceView {
  /// Rows become frames of as many sequences as there are samples.
  func export(to builder: ONNXBuilder) throws {
    guard
      let samples = builder.graph.inputs.first(where: { builder.graph.rows(of: $0.value) == .batch }
      )
    else {
      throw NetsError.notExportable(
        layer: name, reason: "no input tells how many sequences there are")
    }
    let count = builder.add(
      "Shape", [builder.name(of: samples.value)],
      ["start": .integer(0), "end": .integer(1)], layer: name)
    let rest = builder.integers([-1] + builder.graph.shape(of: input))
    let shape = builder.add("Concat", [count, rest], ["axis": .integer(0)], layer: name)
    builder.define(result, "Reshape", [builder.name(of: input), shape], layer: name)
  }
}

extension FeatureConcatenation {
  func export(to builder: ONNXBuilder) throws {
    builder.define(
      result, "Concat", inputs.map(builder.name), ["axis": .integer(-1)], layer: name)
  }
}

extension BatchParts {
  func export(to builder: ONNXBuilder) throws {
    throw NetsError.notExportable(
      layer: name,
      reason: "divides the batches of a training; export the network whose heads see every sample")
  }
}
