import CKernelThreads
import COneDNN
import CWinograd

// oneDNN computes 3 × 3 convolutions directly, at nearly the peak of the vector units. Winograd's
// algorithm needs 16 multiplications where that needs 36.

extension Convolution {
  /// oneDNN's block of channels where vectors have 512 bits.
  static let winogradBlock = 16

  /// Whether kernels of ours compute the convolution and its gradients.
  ///
  /// A fixed rule: it depends on shapes, and on the instruction set, which a run's identity holds.
  /// Matrix units multiply so fast that oneDNN's direct convolutions are faster.
  func suitsWinograd(_ builder: PlanBuilder) -> Bool {
    let shape = builder.graph.parameters[weight].shape
    guard window == Window(kernel: 3, stride: 1, padding: 1),
      bias == nil || !builder.isLearning, shape[1] == builder.shape(of: input)[1],
      shape[0] % 32 == 0, shape[1] % 32 == 0
    else { return false }
    let isBfloat16 = builder.precision == .bf16
    return aver_winograd_is_available(builder.precision.winogradType)
      && Engine.allows(isBfloat16 ? dnnl_cpu_isa_avx512_core_bf16 : dnnl_cpu_isa_avx512_core)
      && !(isBfloat16 && Engine.allows(dnnl_cpu_isa_avx512_core_amx))
  }

  /// Plans the forward pass and, in training, both backward passes.
  func planWinograd(_ builder: PlanBuilder) throws -> BackwardPlan? {
    guard builder.isLearning else {
      try planWinogradInference(
        builder, ending: WinogradEnding(biases: try biases(builder)), result: result)
      return nil
    }
    let arrays = try winogradArrays(builder)
    let destination = builder.define(result, layout: arrays.resultLayout)
    try emit(
      .forward, arrays, [arrays.source, arrays.weights, destination], result: destination, builder)
    return { builder in try planWinogradBackward(arrays, builder) }
  }

  /// Plans inference with what follows the convolution.
  func planWinogradInference(
    _ builder: PlanBuilder, ending: WinogradEnding, result: ValueID
  ) throws {
    let arrays = try winogradArrays(builder)
    let weights = try transformedWeights(arrays, factors: ending.factors, builder)
    let addend = try ending.addend.map {
      try builder.converted(builder.located($0), to: arrays.resultLayout, layer: name)
    }
    let destination = builder.define(result, layout: arrays.resultLayout)
    try emit(
      .inference(hasBiases: ending.biases != nil, hasAddend: addend != nil, relu: ending.relu),
      arrays, [arrays.source, weights, destination],
      ending: [ending.biases, addend].compactMap { $0 }, result: destination, builder)
  }

  private func planWinogradBackward(_ arrays: WinogradArrays, _ builder: PlanBuilder) throws {
    let gradient = try builder.converted(
      builder.gradient(of: result), to: arrays.resultLayout, layer: name)
    if builder.learns(anyOf: parameters) {
      let weightsGradient = builder.gradient(
        ofParameter: weight, layout: try winogradWeightsLayout(builder))
      try emit(
        .backwardWeights, arrays, [arrays.source, gradient, weightsGradient], result: gradient,
        builder)
    }
    guard builder.needsGradient(input) else { return }
    let inputGradient = builder.newBuffer(arrays.source.layout)
    try emit(
      .backwardData, arrays, [gradient, arrays.weights, inputGradient], result: gradient, builder)
    try builder.contribute(inputGradient, to: input, layer: name)
  }

  private func winogradArrays(_ builder: PlanBuilder) throws -> WinogradArrays {
    let (shape, resultShape) = (builder.shape(of: input), builder.shape(of: result))
    let source = try builder.channelArray(
      builder.located(input), shape: shape, layer: name)
    return WinogradArrays(
      shape: aver_winograd_shape(
        type: builder.precision.winogradType, channels_last: source.block == nil,
        batch: Int64(shape[0]), input_channels: Int64(shape[1]),
        output_channels: Int64(resultShape[1]), height: Int64(shape[2]), width: Int64(shape[3]),
        threads: aver_kernel_threads()),
      source: source.located,
      weights: builder.weights(weight, layout: try winogradWeightsLayout(builder)),
      resultLayout: try builder.channelLayout(resultShape, block: source.block))
  }

  /// The weights as inference reads them.
  private func transformedWeights(
    _ arrays: WinogradArrays, factors: Located?, _ builder: PlanBuilder
  ) throws -> Located {
    let shape = arrays.shape
    let byteCount = withUnsafePointer(to: shape) { aver_winograd_weights_bytes($0) }
    return builder.derive(
      try .rowMajor([byteCount / MemoryLayout<Float>.stride], dnnl_f32),
      from: [arrays.weights] + [factors].compactMap { $0 }
    ) { memory in
      let sources = memory.sources.map { $0.assumingMemoryBound(to: Float.self) }
      return WinogradWeights(
        shape: shape, weights: sources[0], factors: sources.count > 1 ? sources[1] : nil,
        transformed: memory.array)
    }
  }

  /// `[3, 3, I, O]`: also that of the master weights in training, so that nothing is reordered.
  private func winogradWeightsLayout(_ builder: PlanBuilder) throws -> MemoryDescriptor {
    try .strided(
      builder.graph.parameters[weight].shape, dnnl_f32, order: [2, 3, 1, 0])
  }

  private func emit(
    _ pass: WinogradPass, _ arrays: WinogradArrays, _ operands: [Located],
    ending: [Located] = [], result: Located, _ builder: PlanBuilder
  ) throws {
    let shape = arrays.shape
    let byteCount = withUnsafePointer(to: shape) { aver_winograd_scratch_bytes($0, pass.native) }
    let scratch = builder.newBuffer(
      try .rowMajor([byteCount / MemoryLayout<Float>.stride], dnnl_f32))
    let weightShape = builder.graph.parameters[weight].shape
    let label = StepLabel(
      layer: name, operation: pass.name, shape: result.layout.shape + weightShape,
      implementation: "aver",
      // As a direct convolution would have: profiles compare by it.
      operations: 2 * Double(result.layout.shape.reduce(1, *))
        * Double(weightShape.dropFirst().reduce(1, *)))
    builder.emit(operands + [scratch] + ending, layer: name, label: label) { addresses in
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

/// What the passes of a convolution share.
private struct WinogradArrays {
  let shape: aver_winograd_shape
  let source: Located
  let weights: Located
  let resultLayout: MemoryDescriptor
}

/// Which of a convolution's passes.
private enum WinogradPass {
  /// From source and weights.
  case forward
  /// From source and transformed weights, with what follows it.
  case inference(hasBiases: Bool, hasAddend: Bool, relu: Bool)
  /// From the result's gradient and the weights.
  case backwardData
  /// From the source and the result's gradient.
  case backwardWeights

  /// What profiles call it.
  var name: String {
    switch self {
    case .forward, .inference: "winogradForward"
    case .backwardData: "winogradBackwardData"
    case .backwardWeights: "winogradBackwardWeights"
    }
  }

  var native: aver_winograd_pass {
    switch self {
    case .forward: aver_winograd_pass_forward
    case .inference: aver_winograd_pass_inference
    case .backwardData: aver_winograd_pass_backward_data
    case .backwardWeights: aver_winograd_pass_backward_weights
    }
  }

  /// What follows, with the addresses of the arrays that it reads.
  func ending(_ addresses: ArraySlice<UnsafeMutableRawPointer>) -> aver_winograd_ending {
    guard case .inference(let hasBiases, let hasAddend, let relu) = self else {
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
      case .forward:
        aver_winograd_forward(
          shape, first, second.assumingMemoryBound(to: Float.self), result, scratch)
      case .inference: aver_winograd_infer(shape, first, second, ending, result, scratch)
      case .backwardData:
        aver_winograd_backward_data(
          shape, first, second.assumingMemoryBound(to: Float.self), result, scratch)
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
  let transformed: UnsafeMutableRawPointer

  func run() {
    withUnsafePointer(to: shape) {
      aver_winograd_transform_weights($0, weights, factors, transformed)
    }
  }
}

extension Precision {
  fileprivate var winogradType: aver_winograd_type {
    self == .f32 ? aver_winograd_f32 : aver_winograd_bf16
  }
}
