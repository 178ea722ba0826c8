import COneDNN
import CVectorKernels

extension PlanBuilder {
  /// A batch normalisation by running statistics as factors and biases of the channels before it,
  /// `[C]` each, float32: γ / √(σ² + ε) and β + (b − μ) γ / √(σ² + ε).
  ///
  /// - Parameter bias: b, of the layer before; nil for 0.
  func folded(_ normalization: BatchNormalization, after bias: Located?) throws -> (
    factors: Located, biases: Located
  ) {
    let vector = try normalization.vector(self)
    let moments = try normalization.moments(self)
    let count = vector.shape[0]
    // On a boundary that kernels like.
    let start =
      (count + ParameterStore.alignment - 1) / ParameterStore.alignment
      * ParameterStore.alignment
    let both = derive(
      try .rowMajor([start + count], dnnl_f32),
      from: [
        weights(normalization.scale, layout: vector), weights(normalization.shift, layout: vector),
        moments.mean, moments.variance,
      ] + [bias].compactMap { $0 }
    ) { memory in
      let array = memory.array.assumingMemoryBound(to: Float.self)
      let sources = memory.sources.map { $0.assumingMemoryBound(to: Float.self) }
      return ChannelFold(
        scale: sources[0], shift: sources[1], mean: sources[2], variance: sources[3],
        bias: sources.count > 4 ? sources[4] : nil, factors: array, biases: array + start,
        count: count)
    }
    return (
      Located(layout: vector, place: both.place),
      Located(
        layout: vector,
        place: .part(of: both.place, byteOffset: start * MemoryLayout<Float>.stride))
    )
  }

  /// A parameter in the layout in which a primitive reads it, times factors of its output channels.
  ///
  /// - Parameter factors: float32, one for each of the outermost elements; nil for 1.
  func weights(
    _ parameter: Int, times factors: Located?, layout: MemoryDescriptor
  ) throws -> Located {
    guard let factors else { return weights(parameter, layout: layout) }
    let specification = graph.parameters[parameter]
    let plain = try MemoryDescriptor.rowMajor(
      specification.kernelShape ?? specification.shape, dnnl_f32)
    let (device, attributes) = (device, attributes)
    return derive(layout, from: [factors], scratchBytes: plain.byteCount) { memory in
      let master = (
        memory.parameters.layouts[parameter], memory.parameters.address(ofParameter: parameter)
      )
      return ScaledWeights(
        toPlain: try PreparedPrimitive(
          reorderFrom: master, to: (plain, memory.scratch), device: device,
          attributes: attributes, layer: specification.name),
        fromPlain: try PreparedPrimitive(
          reorderFrom: (plain, memory.scratch), to: (layout, memory.array), device: device,
          attributes: attributes, layer: specification.name),
        plain: memory.scratch, factors: memory.sources[0].assumingMemoryBound(to: Float.self),
        channels: specification.shape[0],
        weightsOfChannel: specification.shape.dropFirst().reduce(1, *))
    }
  }
}

extension BatchNormalization {
  /// One channel's normalisation by running statistics as a factor of the layer before and a bias.
  ///
  /// - Parameter bias: of the layer before.
  static func folded(
    scale: Float, shift: Float, mean: Float, variance: Float, bias: Float
  ) -> (factor: Float, bias: Float) {
    let factor = scale / (variance + epsilon).squareRoot()
    return (factor, shift + (bias - mean) * factor)
  }
}

/// Turns a batch normalisation into factors and biases.
private struct ChannelFold: WeightsKernel {
  let scale: UnsafePointer<Float>
  let shift: UnsafePointer<Float>
  let mean: UnsafePointer<Float>
  let variance: UnsafePointer<Float>
  let bias: UnsafePointer<Float>?
  let factors: UnsafeMutablePointer<Float>
  let biases: UnsafeMutablePointer<Float>
  let count: Int

  func run() {
    for channel in 0..<count {
      (factors[channel], biases[channel]) = BatchNormalization.folded(
        scale: scale[channel], shift: shift[channel], mean: mean[channel],
        variance: variance[channel], bias: bias?[channel] ?? 0)
    }
  }
}

/// Multiplies weights in float32, rounds them and brings them into a layout.
private struct ScaledWeights: WeightsKernel {
  let toPlain: PreparedPrimitive
  let fromPlain: PreparedPrimitive
  let plain: UnsafeMutableRawPointer
  let factors: UnsafePointer<Float>
  let channels: Int
  let weightsOfChannel: Int

  func run() throws {
    try toPlain.run()
    aver_scale_samples(plain, plain, nil, factors, channels, weightsOfChannel, aver_f32)
    try fromPlain.run()
  }
}
