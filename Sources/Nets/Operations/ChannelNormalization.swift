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

  func normalization(from channel: Int, _ activation: aver_activation) -> aver_normalization {
    aver_normalization(
      mean: mean + channel, variance: variance + channel, scale: scale + channel,
      shift: shift + channel, epsilon: BatchNormalization.epsilon,
      activation: activation)
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

  struct Run {
    let source: aver_channel_run
    let destination: aver_channel_run
    let count: Int
    let normalization: aver_normalization
  }

  let extent: aver_extent
  let moments: FixedList<Copy>
  let runs: FixedList<Run>
  let padding: ChannelPadding?

  func run(_ context: StepContext) {
    for index in 0..<moments.count {
      let copy = moments.elements[index]
      copy.destination.update(from: copy.source, count: copy.count)
    }
    for index in 0..<runs.count {
      let run = runs.elements[index]
      aver_normalize_channels(extent, run.source, run.destination, run.count, run.normalization)
    }
    padding?.clear()
  }
}

/// The gradients of a normalisation of concatenated channels, prepared for execution.
struct NormalizeChannelsBackward: StepKernel {
  struct Run {
    let source: aver_channel_run
    let gradient: aver_channel_run
    let sourceGradient: aver_channel_run
    let adds: Bool
    let count: Int
    let normalization: aver_normalization
    let scaleGradient: UnsafeMutablePointer<Float>
    let shiftGradient: UnsafeMutablePointer<Float>
  }

  let extent: aver_extent
  let runs: FixedList<Run>
  let paddings: FixedList<ChannelPadding>

  func run(_ context: StepContext) {
    for index in 0..<runs.count {
      let run = runs.elements[index]
      aver_normalize_channels_backward(
        extent, run.source, run.gradient, run.sourceGradient, run.adds, run.count,
        run.normalization, run.scaleGradient, run.shiftGradient)
    }
    for index in 0..<paddings.count {
      paddings.elements[index].clear()
    }
  }
}
