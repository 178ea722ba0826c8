extension Convolution {
  func export(to builder: ONNXBuilder) throws {
    let bias = bias.map(builder.weight)
    builder.define(
      result, "Conv",
      [builder.name(of: input), builder.weight(weight)] + [bias].compactMap { $0 },
      settings(builder.graph), layer: name)
  }

  /// Window and groups.
  fileprivate func settings(_ graph: Graph) -> KeyValuePairs<String, ONNXAttribute> {
    let groups = graph.shape(of: input)[0] / graph.parameters[weight].shape[1]
    return [
      "kernel_shape": .integers([window.kernel, window.kernel]),
      "strides": .integers([window.stride, window.stride]),
      "pads": .integers(Array(repeating: window.padding, count: 4)),
      "group": .integer(groups),
    ]
  }
}

extension FusedConvolution {
  func export(to builder: ONNXBuilder) throws {
    let inputs = [builder.name(of: convolution.input)] + (try weights(builder))
    let settings = convolution.settings(builder.graph)
    guard let addend else {
      return builder.define(result, as: function, of: "Conv", inputs, settings, layer: name)
    }
    let sums = builder.add("Conv", inputs, settings, layer: name)
    builder.define(
      result, as: function, of: "Add", [sums, builder.name(of: addend)], layer: name)
  }

  /// Weights and, where there are any, biases, the normalisation folded into both.
  private func weights(_ builder: ONNXBuilder) throws -> [String] {
    guard let normalization else {
      return ([convolution.weight] + [convolution.bias].compactMap { $0 }).map(builder.weight)
    }
    let folded = try builder.folded(
      normalization, after: convolution.bias.map(builder.elements))
    return [
      builder.weight(convolution.weight, times: folded.factors),
      builder.floats(
        "\(convolution.name).bias", shape: [folded.biases.count], folded.biases),
    ]
  }
}

extension BatchNormalization {
  func export(to builder: ONNXBuilder) throws {
    let joined =
      inputs.count == 1
      ? builder.name(of: inputs[0])
      : builder.add(
        "Concat", inputs.map(builder.name), ["axis": .integer(1)], layer: name)
    guard !builder.keepsBatchNormalizations else {
      return builder.define(
        result, as: activation.function, of: "BatchNormalization", [joined] + constants(builder),
        ["epsilon": .number(Self.epsilon)], layer: name)
    }
    // A product and a sum for each channel.
    let folded = try builder.folded(self, after: nil)
    let shape = [folded.factors.count, 1, 1]
    let factors = builder.floats("\(name).factor", shape: shape, folded.factors)
    let biases = builder.floats("\(name).addend", shape: shape, folded.biases)
    let product = builder.add("Mul", [joined, factors], layer: name)
    builder.define(
      result, as: activation.function, of: "Add", [product, biases], layer: name)
  }

  /// Scale, shift, mean and variance.
  private func constants(_ builder: ONNXBuilder) -> [String] {
    let moments = builder.moments(of: statistics)
    let count = moments.mean.count
    return [
      builder.weight(scale), builder.weight(shift),
      builder.floats("\(name).running_mean", shape: [count], moments.mean),
      builder.floats("\(name).running_var", shape: [count], moments.variance),
    ]
  }
}

extension ONNXBuilder {
  /// A batch normalisation as factors and biases of the channels before it.
  ///
  /// - Parameter bias: of the layer before; nil for 0.
  fileprivate func folded(
    _ normalization: BatchNormalization, after bias: [Float]?
  ) throws -> (factors: [Float], biases: [Float]) {
    let (scale, shift) = try (
      elements(of: normalization.scale), elements(of: normalization.shift)
    )
    let moments = moments(of: normalization.statistics)
    let folded = scale.indices.map { channel in
      BatchNormalization.folded(
        scale: scale[channel], shift: shift[channel], mean: moments.mean[channel],
        variance: moments.variance[channel], bias: bias?[channel] ?? 0)
    }
    return (folded.map(\.factor), folded.map(\.bias))
  }
}
