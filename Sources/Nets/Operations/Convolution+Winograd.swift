import COneDNN
import CWinograd

// oneDNN computes 3 × 3 convolutions directly, at nearly the peak of the vector units. Winograd's
// algorithm needs 16 multiplications where that needs 36.

extension Convolution {
  /// oneDNN's block of channels where vectors have 512 bits.
  static let winogradBlock = 16

  /// Whether kernels of ours compute the convolution and its gradients.
  ///
  /// A fixed rule: it depends on shapes, and on the instruction set and the threads, which a run's
  /// identity holds. Matrix units multiply so fast that oneDNN's direct convolutions are faster.
  func suitsWinograd(_ builder: PlanBuilder) -> Bool {
    let shape = builder.graph.parameters[weight].shape
    guard window == Window(kernel: 3, stride: 1, padding: 1),
      bias == nil || !builder.isTraining, shape[1] == builder.shape(of: input)[1],
      shape[0] % 32 == 0, shape[1] % 32 == 0,
      aver_kernel_threads() == 1
    else { return false }
    let isBfloat16 = builder.precision == .bf16
    return aver_winograd_is_available(builder.precision.winogradType)
      && Engine.allows(isBfloat16 ? dnnl_cpu_isa_avx512_core_bf16 : dnnl_cpu_isa_avx512_core)
      && !(isBfloat16 && Engine.allows(dnnl_cpu_isa_avx512_core_amx))
  }

  /// Plans the forward pass and, in training, both backward passes.
  func planWinograd(_ builder: PlanBuilder) throws -> BackwardPlan? {
    try planWinograd(
      builder, ending: WinogradEnding(biases: try biases(builder)), result: result)
  }

  /// Plans the forward pass with what follows it and, in training, both backward passes.
  func planWinograd(
    _ builder: PlanBuilder, ending: WinogradEnding, result: ValueID
  ) throws -> BackwardPlan? {
    let (shape, resultShape) = (builder.shape(of: input), builder.shape(of: result))
    let source = try builder.channelArray(
      builder.located(input), shape: shape, layer: name)
    let native = aver_winograd_shape(
      type: builder.precision.winogradType, channels_last: source.block == nil,
      batch: Int64(shape[0]), input_channels: Int64(shape[1]),
      output_channels: Int64(resultShape[1]), height: Int64(shape[2]), width: Int64(shape[3]))
    let layout = try builder.channelLayout(resultShape, block: source.block)
    let weights = try transformedWeights(native, factors: ending.factors, builder)
    let addend = try ending.addend.map {
      try builder.converted(builder.located($0), to: layout, layer: name)
    }
    let destination = builder.define(result, layout: layout)
    try emit(
      .forward(hasBiases: ending.biases != nil, hasAddend: addend != nil, relu: ending.relu),
      native, [source.located, weights.forward, destination],
      ending: [ending.biases, addend].compactMap { $0 }, result: destination, builder)
    guard let backward = weights.backward else { return nil }
    return { builder in
      let gradient = try builder.converted(
        builder.gradient(of: result), to: layout, layer: name)
      let weightsGradient = builder.gradient(
        ofParameter: weight, layout: try winogradWeightsLayout(builder))
      try emit(
        .backwardWeights, native, [source.located, gradient, weightsGradient], result: gradient,
        builder)
      guard builder.needsGradient(input) else { return }
      let inputGradient = builder.newBuffer(source.located.layout)
      try emit(
        .backwardData, native, [gradient, backward, inputGradient], result: gradient, builder)
      try builder.contribute(inputGradient, to: input, layer: name)
    }
  }

  /// The weights as the passes read them; those of the backward pass in training only.
  private func transformedWeights(
    _ shape: aver_winograd_shape, factors: Located?, _ builder: PlanBuilder
  ) throws -> (forward: Located, backward: Located?) {
    let layout = try winogradWeightsLayout(builder)
    let byteCount = withUnsafePointer(to: shape) { aver_winograd_weights_bytes($0) }
    let isTraining = builder.isTraining
    let floats = (isTraining ? 2 * byteCount : byteCount) / MemoryLayout<Float>.stride
    let both = builder.derive(
      try .rowMajor([floats], dnnl_f32),
      from: [builder.weights(weight, layout: layout)] + [factors].compactMap { $0 }
    ) { memory in
      let sources = memory.sources.map { $0.assumingMemoryBound(to: Float.self) }
      return WinogradWeights(
        shape: shape, weights: sources[0], factors: sources.count > 1 ? sources[1] : nil,
        forward: memory.array, backward: isTraining ? memory.array + byteCount : nil)
    }
    let backward = Located(
      layout: both.layout, place: .part(of: both.place, byteOffset: byteCount))
    return (both, isTraining ? backward : nil)
  }

  /// `[3, 3, I, O]`: also that of the master weights in training, so that nothing is reordered.
  private func winogradWeightsLayout(_ builder: PlanBuilder) throws -> MemoryDescriptor {
    try .strided(
      builder.graph.parameters[weight].shape, dnnl_f32, order: [2, 3, 1, 0])
  }

  private func emit(
    _ pass: WinogradPass, _ shape: aver_winograd_shape, _ operands: [Located],
    ending: [Located] = [], result: Located, _ builder: PlanBuilder
  ) throws {
    let byteCount = withUnsafePointer(to: shape) { aver_winograd_scratch_bytes($0) }
    let scratch = builder.newBuffer(
      try .rowMajor([byteCount / MemoryLayout<Float>.stride], dnnl_f32))
    // As a direct convolution would have: profiles compare by it.
    let operations =
      2 * Double(result.layout.shape.reduce(1, *)) * Double(shape.input_channels * 9)
    builder.emit(operands + [scratch] + ending, layer: name, operations: operations) { addresses in
      WinogradConvolution(
        pass: pass, shape: shape, first: addresses[0], second: addresses[1], result: addresses[2],
        scratch: addresses[3], ending: pass.ending(addresses.dropFirst(4)))
    }
  }
}

/// What is done to a convolution's sums before they are rounded.
struct WinogradEnding {
  /// What weights are multiplied by, by output channel.
  var factors: Located?
  /// What is added, by output channel.
  var biases: Located?
  /// What is added then, in the result's shape.
  var addend: ValueID?
  /// Whether a ReLU follows.
  var relu = false
}

/// Which of a convolution's passes.
private enum WinogradPass {
  /// From source and transformed weights, with what follows it.
  case forward(hasBiases: Bool, hasAddend: Bool, relu: Bool)
  /// From the result's gradient and transformed weights.
  case backwardData
  /// From the source and the result's gradient.
  case backwardWeights

  /// What follows, with the addresses of the arrays that it reads.
  func ending(_ addresses: ArraySlice<UnsafeMutableRawPointer>) -> aver_winograd_ending {
    guard case .forward(let hasBiases, let hasAddend, let relu) = self else {
      return aver_winograd_ending()
    }
    return aver_winograd_ending(
      biases: hasBiases ? addresses.first?.assumingMemoryBound(to: Float.self) : nil,
      addend: hasAddend ? addresses.last : nil, relu: relu)
  }
}

private struct WinogradConvolution: StepKernel {
  let pass: WinogradPass
  let shape: aver_winograd_shape
  let first: UnsafeMutableRawPointer
  let second: UnsafeMutableRawPointer
  let result: UnsafeMutableRawPointer
  let scratch: UnsafeMutableRawPointer
  let ending: aver_winograd_ending

  func run(_ context: StepContext) {
    withUnsafePointer(to: shape) { shape in
      switch pass {
      case .forward: aver_winograd_forward(shape, first, second, ending, result, scratch)
      case .backwardData: aver_winograd_backward_data(shape, first, second, result, scratch)
      case .backwardWeights:
        aver_winograd_backward_weights(
          shape, first, second, result.assumingMemoryBound(to: Float.self), scratch)
      }
    }
  }
}

private struct WinogradWeights: WeightsKernel {
  let shape: aver_winograd_shape
  let weights: UnsafeMutablePointer<Float>
  let factors: UnsafeMutablePointer<Float>?
  let forward: UnsafeMutableRawPointer
  let backward: UnsafeMutableRawPointer?

  func run() {
    withUnsafePointer(to: shape) {
      aver_winograd_transform_weights($0, weights, factors, forward, backward)
    }
  }
}

extension Precision {
  fileprivate var winogradType: aver_winograd_type {
    self == .f32 ? aver_winograd_f32 : aver_winograd_bf16
  }
}
