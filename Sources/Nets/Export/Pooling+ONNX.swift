extension MaximumPooling {
  func export(to builder: ONNXBuilder) throws {
    builder.define(
      result, "MaxPool", [builder.name(of: input)],
      [
        "kernel_shape": .integers([window.kernel, window.kernel]),
        "strides": .integers([window.stride, window.stride]),
        "pads": .integers(Array(repeating: window.padding, count: 4)),
      ], layer: name)
  }
}

extension AveragePooling {
  func export(to builder: ONNXBuilder) throws {
    func both(_ pair: (Int64, Int64)) -> [Int] { [Int(pair.0), Int(pair.1)] }
    builder.define(
      result, "AveragePool", [builder.name(of: input)],
      [
        "kernel_shape": .integers(both(window.kernel)),
        "strides": .integers(both(window.strides)),
        "pads": .integers(both(window.padding_begin) + both(window.padding_end)),
        "count_include_pad": .integer(1),
      ], layer: name)
  }
}

extension AdaptiveAveragePooling {
  /// Means over bins of different sizes, which ONNX does not have: a matrix product along each axis.
  func export(to builder: ONNXBuilder) throws {
    let (large, small) = (builder.graph.shape(of: input), builder.graph.shape(of: result))
    let rows = builder.floats(
      "\(name).rows", shape: [small[1], large[1]], Self.bins(large[1], to: small[1]))
    let columns = builder.floats(
      "\(name).columns", shape: [small[2], large[2]], Self.bins(large[2], to: small[2]))
    let means = builder.add("MatMul", [rows, builder.name(of: input)], layer: name)
    let turned = builder.add("Transpose", [columns], ["perm": .integers([1, 0])], layer: name)
    builder.define(result, "MatMul", [means, turned], layer: name)
  }

  /// The share of each of `large` pixels in each of `small` bins, `[small, large]`.
  private static func bins(_ large: Int, to small: Int) -> [Float] {
    (0..<small).flatMap { bin in
      let pixels = bin * large / small..<((bin + 1) * large + small - 1) / small
      return (0..<large).map { pixels.contains($0) ? 1 / Float(pixels.count) : 0 }
    }
  }
}

extension GlobalAveragePooling {
  func export(to builder: ONNXBuilder) throws {
    let pooled = builder.add("GlobalAveragePool", [builder.name(of: input)], layer: name)
    builder.define(result, "Flatten", [pooled], ["axis": .integer(1)], layer: name)
  }
}

extension Flattening {
  func export(to builder: ONNXBuilder) throws {
    var input = builder.name(of: input)
    if order == .channelsLast {
      input = builder.add(
        "Transpose", [input], ["perm": .integers([0, 2, 3, 1])], layer: name)
    }
    builder.define(result, "Flatten", [input], ["axis": .integer(1)], layer: name)
  }
}
