import COneDNN
import CVectorKernels

extension PlanBuilder {
  /// Means, then variances of the channels of a value over the micro-batch, `[2, C]`.
  ///
  /// Computed once, however many concatenations the value is part of.
  func moments(of value: ValueID, _ source: ChannelArray, layer: String) throws -> Located {
    if let known = channelMoments[value] { return known }
    let count = source.native.channels
    let moments = newBuffer(try .rowMajor([2, count], dnnl_f32))
    let extent = source.extent
    let runs = ChannelRun.runs(of: [source], and: [])
    emit([source.located, moments], layer: layer) { addresses in
      let numbers = addresses[1].assumingMemoryBound(to: Float.self)
      return ChannelMoments(
        extent: extent,
        slices: FixedList(
          runs.map { $0.slice(source: source.run(from: $0.channel, at: addresses[0])) }),
        mean: numbers, variance: numbers + count)
    }
    channelMoments[value] = moments
    return moments
  }
}

/// Mean and variance of each channel, prepared for execution.
private struct ChannelMoments: StepKernel {
  let extent: aver_extent
  let slices: FixedList<aver_channel_slice>
  let mean: UnsafeMutablePointer<Float>
  let variance: UnsafeMutablePointer<Float>

  func run(_ context: StepContext) {
    aver_channel_moments(extent, slices.elements, slices.count, mean, variance)
  }
}
