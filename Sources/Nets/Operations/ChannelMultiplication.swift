import COneDNN
import CVectorKernels

/// Multiplies every channel of every sample by a factor: the end of squeeze-and-excitation.
///
/// - Shapes: input and result `[N, C, H, W]`, factors `[N, C]`.
/// - Source: J. Hu, L. Shen and G. Sun, "Squeeze-and-excitation networks", 2018.
struct ChannelMultiplication: Operation {
  let name: String
  let input: ValueID
  let factors: ValueID
  let result: ValueID

  var operands: [ValueID] { [input, factors] }
  var results: [ValueID] { [result] }

  func plan(_ builder: PlanBuilder) throws -> BackwardPlan? {
    let shape = builder.shape(of: input)
    let source = try builder.channelArray(builder.located(input), shape: shape, layer: name)
    let rows = try MemoryDescriptor.rowMajor(
      Array(shape.prefix(2)), builder.precision.dataType)
    let factors = try builder.converted(builder.located(factors), to: rows, layer: name)
    let destination = builder.define(result, layout: source.located.layout)
    builder.emit([destination, source.located, factors], layer: name) { addresses in
      ChannelProduct(
        result: addresses[0], input: addresses[1], factors: addresses[2], array: source.native)
    }
    guard builder.isLearning else { return nil }
    return { builder in try planBackward(source: source, factors: factors, builder) }
  }

  private func planBackward(
    source: ChannelArray, factors: Located, _ builder: PlanBuilder
  ) throws {
    let layout = source.located.layout
    let gradient = try builder.converted(builder.gradient(of: result), to: layout, layer: name)
    let inputGradient = builder.newBuffer(layout)
    let factorsGradient = builder.newBuffer(factors.layout)
    builder.emit(
      [inputGradient, factorsGradient, gradient, source.located, factors], layer: name
    ) { addresses in
      ChannelProductBackward(
        inputGradient: addresses[0], factorsGradient: addresses[1], gradient: addresses[2],
        input: addresses[3], factors: addresses[4], array: source.native)
    }
    try builder.contribute(inputGradient, to: input, layer: name)
    try builder.contribute(factorsGradient, to: self.factors, layer: name)
  }
}

private struct ChannelProduct: StepKernel {
  let result: UnsafeMutableRawPointer
  let input: UnsafeMutableRawPointer
  let factors: UnsafeMutableRawPointer
  let array: aver_channel_array

  func run(_ context: StepContext) { aver_multiply_channels(result, input, factors, array) }
}

private struct ChannelProductBackward: StepKernel {
  let inputGradient: UnsafeMutableRawPointer
  let factorsGradient: UnsafeMutableRawPointer
  let gradient: UnsafeMutableRawPointer
  let input: UnsafeMutableRawPointer
  let factors: UnsafeMutableRawPointer
  let array: aver_channel_array

  func run(_ context: StepContext) {
    aver_multiply_channels_backward(
      inputGradient, factorsGradient, gradient, input, factors, array)
  }
}

extension Graph {
  /// Multiplies channels by factors.
  ///
  /// - Shapes: input `[C, H, W]` and factors `[C]` to `[C, H, W]`.
  public mutating func channelMultiplication(
    _ input: ValueID, by factors: ValueID, name: String
  ) throws -> ValueID {
    let channels = try spatialShape(of: input, layer: name).channels
    guard shape(of: factors) == [channels], rows(of: factors) == rows(of: input) else {
      throw NetsError.shape(
        layer: name, problem: "cannot multiply \(channels) channels by \(shape(of: factors))")
    }
    let result = result(shape: shape(of: input), of: input)
    append(ChannelMultiplication(name: name, input: input, factors: factors, result: result))
    return result
  }
}
