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
        runs: FixedList(
          runs.map {
            ChannelMoments.Run(
              source: source.run(from: $0.channel, at: addresses[0]),
              count: $0.count, mean: numbers + $0.channel, variance: numbers + count + $0.channel)
          }))
    }
    channelMoments[value] = moments
    return moments
  }
}

/// Mean and variance of each channel, prepared for execution.
private struct ChannelMoments: StepKernel {
  struct Run {
    let source: aver_channel_run
    let count: Int
    let mean: UnsafeMutablePointer<Float>
    let variance: UnsafeMutablePointer<Float>
  }

  let extent: aver_extent
  let runs: FixedList<Run>

  func run(_ context: StepContext) {
    for index in 0..<runs.count {
      let run = runs.elements[index]
      aver_channel_moments(extent, run.source, run.count, run.mean, run.variance)
    }
  }
}
