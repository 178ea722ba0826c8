import COneDNN
import CVectorKernels

// Batch normalisation by kernels of ours: of several inputs as if they were concatenated, and of
// channel counts that oneDNN is slow for.

extension BatchNormalization {
  func planChannels(_ builder: PlanBuilder) throws -> BackwardPlan? {
    let sources = try inputs.map {
      try builder.channelArray(builder.located($0), shape: builder.shape(of: $0), layer: name)
    }
    var pieceMoments: [Located] = []
    if !usesRunningStatistics(builder) {
      pieceMoments = try zip(inputs, sources).map { try builder.moments(of: $0, $1, layer: name) }
    }
    let destination = try builder.defineChannels(
      of: result, like: sources[0], layer: name)
    let runs = ChannelRun.runs(of: sources, and: [destination])
    let (extent, activation, count) = (destination.extent, nativeActivation, sources.count)
    builder.emit(
      try numbers(builder) + [destination.located] + sources.map(\.located) + pieceMoments,
      layer: name
    ) { addresses in
      let numbers = ChannelNumbers(addresses)
      let (output, inputs) = (addresses[4], addresses[5..<5 + count])
      return NormalizeChannels(
        extent: extent,
        moments: FixedList(
          numbers.copies(of: addresses[(5 + count)...], channels: sources.map(\.native.channels))
        ),
        slices: FixedList(
          runs.map {
            $0.slice(
              source: sources[$0.piece].run(
                from: $0.channelInPiece, at: inputs[5 + $0.piece]),
              destination: destination.run(from: $0.channel, at: output))
          }),
        normalization: numbers.normalization(activation),
        padding: ChannelPadding(of: destination, at: output))
    }
    guard builder.isLearning else { return nil }
    return { try planChannelsBackward(sources, $0) }
  }

  private func planChannelsBackward(_ sources: [ChannelArray], _ builder: PlanBuilder) throws {
    let gradient = try builder.channelArray(
      builder.gradient(of: result), shape: builder.shape(of: result), layer: name)
    // In the layout of their inputs, all of them: one cut into runs serves both.
    let targets = try zip(inputs, sources).map { input, source in
      builder.needsGradient(input)
        ? try builder.accumulateGradient(of: input, layout: source.located.layout, layer: name)
        : nil
    }
    let runs = ChannelRun.runs(of: sources, and: [gradient])
    let (extent, activation, count) = (gradient.extent, nativeActivation, sources.count)
    let results = try parameterGradients(builder)
    builder.emit(
      try numbers(builder) + [gradient.located] + sources.map(\.located)
        + targets.compactMap { $0?.located } + results,
      layer: name
    ) { addresses in
      let numbers = ChannelNumbers(addresses)
      let inputs = Array(addresses[5..<5 + count])
      var rest = addresses[(5 + count)...]
      let outputs = targets.map { $0 == nil ? nil : rest.removeFirst() }
      let floats = rest.map { $0.assumingMemoryBound(to: Float.self) }
      return NormalizeChannelsBackward(
        extent: extent,
        slices: FixedList(
          runs.map { run in
            let piece = sources[run.piece]
            return run.slice(
              source: piece.run(from: run.channelInPiece, at: inputs[run.piece]),
              destination: outputs[run.piece].map {
                piece.run(from: run.channelInPiece, at: $0)
              } ?? aver_channel_run(),
              gradient: gradient.run(from: run.channel, at: addresses[4]),
              adds: targets[run.piece]?.adds ?? false)
          }),
        normalization: numbers.normalization(activation),
        parameterGradients: floats.isEmpty ? nil : (scale: floats[0], shift: floats[1]),
        paddings: FixedList(
          zip(sources, zip(targets, outputs)).compactMap { source, target in
            guard let output = target.1, target.0?.adds == false else { return nil }
            return ChannelPadding(of: source, at: output)
          }))
    }
  }

  /// Where the gradients of scale and shift go; none where both are frozen.
  private func parameterGradients(_ builder: PlanBuilder) throws -> [Located] {
    guard builder.learns(anyOf: parameters) else { return [] }
    let vector = try vector(builder)
    return parameters.map { builder.gradient(ofParameter: $0, layout: vector) }
  }

  private var nativeActivation: aver_activation {
    switch activation {
    case .none: aver_no_activation
    case .relu: aver_relu
    case .silu: aver_silu
    }
  }

  /// What there is one of for each channel, in the order of `ChannelNumbers`.
  private func numbers(_ builder: PlanBuilder) throws -> [Located] {
    let vector = try vector(builder)
    let moments = try moments(builder)
    return [
      builder.weights(scale, layout: vector), builder.weights(shift, layout: vector),
      moments.mean, moments.variance,
    ]
  }
}
