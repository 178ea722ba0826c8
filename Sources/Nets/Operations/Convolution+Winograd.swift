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
    guard window == Window(kernel: 3, stride: 1, padding: 1), bias == nil,
      shape[1] == builder.shape(of: input)[1], shape[0] % 32 == 0, shape[1] % 32 == 0,
      aver_kernel_threads() == 1
    else { return false }
    let isBfloat16 = builder.precision == .bf16
    return aver_winograd_is_available(builder.precision.winogradType)
      && Engine.allows(isBfloat16 ? dnnl_cpu_isa_avx512_core_bf16 : dnnl_cpu_isa_avx512_core)
      && !(isBfloat16 && Engine.allows(dnnl_cpu_isa_avx512_core_amx))
  }

  /// Plans the forward pass and, in training, both backward passes.
  func planWinograd(_ builder: PlanBuilder) throws -> BackwardPlan? {
    let (shape, resultShape) = (builder.shape(of: input), builder.shape(of: result))
    let source = try builder.channelArray(
      builder.located(input), shape: shape, layer: name)
    let native = aver_winograd_shape(
      type: builder.precision.winogradType, channels_last: source.block == nil,
      batch: Int64(shape[0]), input_channels: Int64(shape[1]),
      output_channels: Int64(resultShape[1]), height: Int64(shape[2]), width: Int64(shape[3]))
    let layout = try builder.channelLayout(resultShape, block: source.block)
    let weights = try transformedWeights(native, builder)
    let destination = builder.define(result, layout: layout)
    try emit(
      .forward, native, [source.located, weights.forward, destination], result: destination, builder
    )
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
    _ shape: aver_winograd_shape, _ builder: PlanBuilder
  ) throws -> (forward: Located, backward: Located?) {
    let layout = try winogradWeightsLayout(builder)
    let byteCount = withUnsafePointer(to: shape) { aver_winograd_weights_bytes($0) }
    let isTraining = builder.isTraining
    let both = try builder.derive(
      byteCount: isTraining ? 2 * byteCount : byteCount,
      from: [builder.weights(weight, layout: layout)]
    ) { array, sources in
      WinogradWeights(
        shape: shape, weights: sources[0].assumingMemoryBound(to: Float.self), forward: array,
        backward: isTraining ? array + byteCount : nil)
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
    _ pass: WinogradPass, _ shape: aver_winograd_shape, _ operands: [Located], result: Located,
    _ builder: PlanBuilder
  ) throws {
    let byteCount = withUnsafePointer(to: shape) { aver_winograd_scratch_bytes($0) }
    let scratch = builder.newBuffer(
      try .rowMajor([byteCount / MemoryLayout<Float>.stride], dnnl_f32))
    // As a direct convolution would have: profiles compare by it.
    let operations =
      2 * Double(result.layout.shape.reduce(1, *)) * Double(shape.input_channels * 9)
    builder.emit(operands + [scratch], layer: name, operations: operations) { addresses in
      WinogradConvolution(
        pass: pass, shape: shape, first: addresses[0], second: addresses[1], result: addresses[2],
        scratch: addresses[3])
    }
  }
}

/// Which of a convolution's passes.
private enum WinogradPass {
  /// From source and transformed weights.
  case forward
  /// From the result's gradient and transformed weights.
  case backwardData
  /// From the source and the result's gradient.
  case backwardWeights
}

private struct WinogradConvolution: StepKernel {
  let pass: WinogradPass
  let shape: aver_winograd_shape
  let first: UnsafeMutableRawPointer
  let second: UnsafeMutableRawPointer
  let result: UnsafeMutableRawPointer
  let scratch: UnsafeMutableRawPointer

  func run(_ context: StepContext) {
    withUnsafePointer(to: shape) { shape in
      switch pass {
      case .forward: aver_winograd_forward(shape, first, second, result, scratch)
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
  let forward: UnsafeMutableRawPointer
  let backward: UnsafeMutableRawPointer?

  func run() {
    withUnsafePointer(to: shape) {
      aver_winograd_transform_weights($0, weights, forward, backward)
    }
  }
}

extension Precision {
  fileprivate var winogradType: aver_winograd_type {
    self == .f32 ? aver_winograd_f32 : aver_winograd_bf16
  }
}
