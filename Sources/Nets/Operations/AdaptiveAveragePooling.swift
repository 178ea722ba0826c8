import COneDNN
import CVectorKernels

/// Means over bins that overlap where the sizes do not divide: a kernel of ours.
///
/// - Shapes: input `[N, C, H, W]`, result `[N, C, H', W']`.
struct AdaptiveAveragePooling: Operation {
  let name: String
  let input: ValueID
  let result: ValueID

  var operands: [ValueID] { [input] }
  var results: [ValueID] { [result] }

  func plan(_ builder: PlanBuilder) throws -> BackwardPlan? {
    let source = try builder.channelArray(
      builder.located(input), shape: builder.shape(of: input), layer: name)
    let destination = try builder.defineChannels(of: result, like: source, layer: name)
    emit(from: source, to: destination, isBackward: false, builder)
    guard builder.isLearning else { return nil }
    return { builder in
      let gradient = try builder.channelArray(
        builder.gradient(of: result), shape: builder.shape(of: result), layer: name)
      let inputGradient = ChannelArray(
        located: builder.newBuffer(source.located.layout), block: source.block,
        native: source.native)
      emit(from: gradient, to: inputGradient, isBackward: true, builder)
      try builder.contribute(inputGradient.located, to: input, layer: name)
    }
  }

  private func emit(
    from source: ChannelArray, to destination: ChannelArray, isBackward: Bool,
    _ builder: PlanBuilder
  ) {
    let (large, small) = (builder.shape(of: input), builder.shape(of: result))
    let pooling = aver_pooling(
      images: large[0], from_height: large[2], from_width: large[3], to_height: small[2],
      to_width: small[3], type: builder.precision.elementType)
    let runs = ChannelRun.runs(of: [source], and: [destination])
    builder.emit([source.located, destination.located], layer: name) { addresses in
      AverageBins(
        pooling: pooling, isBackward: isBackward,
        slices: FixedList(
          runs.map {
            $0.slice(
              source: source.run(from: $0.channel, at: addresses[0]),
              destination: destination.run(from: $0.channel, at: addresses[1]))
          }),
        padding: ChannelPadding(of: destination, at: addresses[1]))
    }
  }
}

/// A pooling to bins, or its gradient, prepared for execution.
private struct AverageBins: StepKernel {
  let pooling: aver_pooling
  let isBackward: Bool
  let slices: FixedList<aver_channel_slice>
  let padding: ChannelPadding?

  func run(_ context: StepContext) {
    if isBackward {
      aver_adaptive_average_backward(pooling, slices.elements, slices.count)
    } else {
      aver_adaptive_average(pooling, slices.elements, slices.count)
    }
    padding?.clear()
  }
}
