import CVectorKernels

/// What a normalisation has one of for each channel, at the first addresses of its step.
struct ChannelNumbers {
  let scale: UnsafeMutablePointer<Float>
  let shift: UnsafeMutablePointer<Float>
  let mean: UnsafeMutablePointer<Float>
  let variance: UnsafeMutablePointer<Float>

  init(_ addresses: [UnsafeMutableRawPointer]) {
    scale = addresses[0].assumingMemoryBound(to: Float.self)
    shift = addresses[1].assumingMemoryBound(to: Float.self)
    mean = addresses[2].assumingMemoryBound(to: Float.self)
    variance = addresses[3].assumingMemoryBound(to: Float.self)
  }

  func normalization(_ activation: aver_activation) -> aver_normalization {
    aver_normalization(
      mean: mean, variance: variance, scale: scale, shift: shift,
      epsilon: BatchNormalization.epsilon, activation: activation)
  }

  /// The copies that join the moments of pieces, each `[2, Cᵢ]`, to those of their concatenation.
  func copies(of moments: ArraySlice<UnsafeMutableRawPointer>, channels: [Int])
    -> [NormalizeChannels.Copy]
  {
    var copies: [NormalizeChannels.Copy] = []
    var start = 0
    for (address, count) in zip(moments, channels) {
      let source = address.assumingMemoryBound(to: Float.self)
      copies.append(.init(source: source, destination: mean + start, count: count))
      copies.append(.init(source: source + count, destination: variance + start, count: count))
      start += count
    }
    return copies
  }
}

/// A normalisation of concatenated channels, prepared for execution.
struct NormalizeChannels: StepKernel {
  struct Copy {
    let source: UnsafePointer<Float>
    let destination: UnsafeMutablePointer<Float>
    let count: Int
  }

  let extent: aver_extent
  let moments: FixedList<Copy>
  let slices: FixedList<aver_channel_slice>
  let normalization: aver_normalization
  let padding: ChannelPadding?

  func run(_ context: StepContext) {
    for index in 0..<moments.count {
      let copy = moments.elements[index]
      copy.destination.update(from: copy.source, count: copy.count)
    }
    aver_normalize_channels(extent, slices.elements, slices.count, normalization)
    padding?.clear()
  }
}

/// The gradients of a normalisation of concatenated channels, prepared for execution.
struct NormalizeChannelsBackward: StepKernel {
  let extent: aver_extent
  let slices: FixedList<aver_channel_slice>
  let normalization: aver_normalization
  /// Nil where mean and variance are constants, and nothing but the source has a gradient.
  let parameterGradients: (scale: UnsafeMutablePointer<Float>, shift: UnsafeMutablePointer<Float>)?
  let paddings: FixedList<ChannelPadding>

  func run(_ context: StepContext) {
    if let (scale, shift) = parameterGradients {
      aver_normalize_channels_backward(
        extent, slices.elements, slices.count, normalization, scale, shift)
    } else {
      aver_normalize_channels_backward_constant(
        extent, slices.elements, slices.count, normalization)
    }
    for index in 0..<paddings.count {
      paddings.elements[index].clear()
    }
  }
}
