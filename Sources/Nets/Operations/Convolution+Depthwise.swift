import CKernelThreads
import COneDNN
import CVectorKernels

// oneDNN has no good code for the gradient of a depthwise convolution's weights where the kernel is
// larger than 3 × 3: plain loops, or a matrix product a channel with copies to and from NCHW, 100
// times slower than its own 3 × 3.

extension Convolution {
  /// Whether a kernel of ours computes the gradient of the weights.
  ///
  /// A fixed rule: it depends on shapes, and on the library and the instruction set, which a run's
  /// identity holds.
  func usesOwnWeightsGradient(
    insteadOf descriptor: PrimitiveDescriptor, _ builder: PlanBuilder
  ) -> Bool {
    let shape = builder.graph.parameters[weight].shape
    let isDepthwise = shape[1] == 1 && shape[0] == builder.shape(of: input)[1]
    return isDepthwise && bias == nil && !descriptor.implementation.hasPrefix("jit")
  }

  /// The gradient of a depthwise convolution's weights, row-major.
  func planDepthwiseWeightsGradient(
    source: Located, gradient: Located, _ builder: PlanBuilder
  ) throws {
    let shape = builder.shape(of: input)
    let resultShape = builder.shape(of: result)
    let array = try builder.channelArray(source, shape: shape, layer: name)
    let gradient = try builder.converted(
      gradient, to: builder.channelLayout(resultShape, block: array.block), layer: name)
    let convolution = aver_depthwise_convolution(
      batch: shape[0], channels: shape[1], height: shape[2], width: shape[3],
      result_height: resultShape[2], result_width: resultShape[3], kernel: window.kernel,
      stride: window.stride, padding: window.padding, block: array.native.block,
      type: array.native.type)
    // Each thread computes chunks of channels; a fixed number, since memory is placed only once.
    let threads = min(Int(aver_kernel_threads()), aver_depthwise_chunks(convolution))
    let scratch = builder.newBuffer(
      try .rowMajor([threads, aver_depthwise_scratch_count(convolution)], dnnl_f32))
    let parameter = builder.graph.parameters[weight]
    let weights = try MemoryDescriptor.rowMajor(
      parameter.kernelShape ?? parameter.shape, dnnl_f32)
    let operands = [
      builder.gradient(ofParameter: weight, layout: weights), array.located, gradient, scratch,
    ]
    builder.emit(operands, layer: name) { addresses in
      DepthwiseWeightsGradient(
        weightsGradient: addresses[0].assumingMemoryBound(to: Float.self),
        input: addresses[1], gradient: addresses[2],
        scratch: addresses[3].assumingMemoryBound(to: Float.self), threads: threads,
        convolution: convolution)
    }
  }
}

private struct DepthwiseWeightsGradient: StepKernel {
  let weightsGradient: UnsafeMutablePointer<Float>
  let input: UnsafeMutableRawPointer
  let gradient: UnsafeMutableRawPointer
  let scratch: UnsafeMutablePointer<Float>
  /// That there is scratch memory for.
  let threads: Int
  let convolution: aver_depthwise_convolution

  func run(_ context: StepContext) {
    aver_depthwise_weights_gradient(
      weightsGradient, input, gradient, scratch, threads, convolution)
  }
}
