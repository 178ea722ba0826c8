import COneDNN

extension RecurrentPass {
  func planBackward(
    resultGradient: Located, _ kept: Kept, _ builder: PlanBuilder
  ) throws {
    let type = builder.precision.dataType
    let rows = try MemoryDescriptor.rowMajor([shape.rows, shape.gateRow], type)
    let inputGradients = builder.newBuffer(rows)
    let hiddenGradients = shape.cell == .gru ? builder.newBuffer(rows) : inputGradients
    try planBackwardLoop(
      resultGradient: resultGradient, inputGradients: inputGradients,
      hiddenGradients: hiddenGradients, kept, builder)
    try planWeightGradients(
      kept.operands, hiddenGradients, weight: weights.hiddenWeight, bias: weights.hiddenBias,
      forward: kept.hidden, builder)
    try planWeightGradients(
      source, inputGradients, weight: weights.inputWeight, bias: weights.inputBias,
      forward: kept.input, builder)
    if builder.needsGradient(layer.input) {
      try planInputGradient(inputGradients, forward: kept.input, builder)
    }
  }

  private func planBackwardLoop(
    resultGradient: Located, inputGradients: Located, hiddenGradients: Located, _ kept: Kept,
    _ builder: PlanBuilder
  ) throws {
    let state = try MemoryDescriptor.rowMajor(stateShape, dnnl_f32)
    let step = builder.newBuffer(try .rowMajor(gateShape, builder.precision.dataType))
    let descriptor = try PrimitiveDescriptor.innerProductBackwardData(
      sourceGradient: state, weights: any(weights.hiddenWeight, builder),
      destinationGradient: step.layout, forward: kept.hidden, builder)
    let weight = builder.weights(
      weights.hiddenWeight, layout: try descriptor.layout(dnnl_query_weights_md))
    let carried = builder.newBuffer(state)
    let stateGradient = builder.newBuffer(state)
    let cellGradient = builder.newBuffer(state)
    let scratch = builder.newBuffer(try .rowMajor([2, shape.gateRow], dnnl_f32))
    var list = [resultGradient, inputGradients, hiddenGradients, kept.gates, kept.states]
    list += [kept.extra, step, weight, carried, stateGradient, cellGradient, scratch]
    if let lengths { list.append(lengths) }
    builder.emit(list, layer: name) { [list, device = builder.device] addresses in
      let at = OperandAddresses(list, addresses)
      return RecurrentBackward(
        shape: shape, lengths: sequenceLengths(at),
        product: try PreparedPrimitive(
          descriptor,
          [
            (DNNL_ARG_DIFF_DST, step.layout, at[step]),
            (DNNL_ARG_WEIGHTS, weight.layout, at[weight]),
            (DNNL_ARG_DIFF_SRC, carried.layout, at[carried]),
          ], device: device),
        gates: at.floats(kept.gates), states: at.floats(kept.states),
        extra: at.floats(kept.extra), resultGradient: precisionRows(at[resultGradient]),
        inputGradients: precisionRows(at[inputGradients]),
        hiddenGradients: shape.cell == .gru ? precisionRows(at[hiddenGradients]) : nil,
        stepGradient: precisionRows(at[step]), carried: at.floats(carried),
        stateGradient: at.floats(stateGradient), cellGradient: at.floats(cellGradient),
        scratch: at.floats(scratch))
    }
  }

  /// The gradients of a weight and its bias: one product over all frames.
  private func planWeightGradients(
    _ source: Located, _ gradients: Located, weight: Int, bias: Int,
    forward: PrimitiveDescriptor, _ builder: PlanBuilder
  ) throws {
    guard builder.learns(anyOf: [weight, bias]) else { return }
    let weightLayout = try MemoryDescriptor.rowMajor(
      builder.graph.parameters[weight].shape, dnnl_f32)
    let biasLayout = try MemoryDescriptor.rowMajor([shape.gateRow], dnnl_f32)
    try builder.emit(
      PrimitiveDescriptor.innerProductBackwardWeights(
        source: source.layout, weightsGradient: weightLayout, biasGradient: biasLayout,
        destinationGradient: gradients.layout, forward: forward, builder),
      [
        (DNNL_ARG_SRC, source), (DNNL_ARG_DIFF_DST, gradients),
        (DNNL_ARG_DIFF_WEIGHTS, builder.gradient(ofParameter: weight, layout: weightLayout)),
        (DNNL_ARG_DIFF_BIAS, builder.gradient(ofParameter: bias, layout: biasLayout)),
      ])
  }

  private func planInputGradient(
    _ gradients: Located, forward: PrimitiveDescriptor, _ builder: PlanBuilder
  ) throws {
    let descriptor = try PrimitiveDescriptor.innerProductBackwardData(
      sourceGradient: source.layout, weights: any(weights.inputWeight, builder),
      destinationGradient: gradients.layout, forward: forward, builder)
    let share = builder.newBuffer(source.layout)
    try builder.emit(
      descriptor,
      [
        (DNNL_ARG_DIFF_DST, gradients),
        (
          DNNL_ARG_WEIGHTS,
          builder.weights(
            weights.inputWeight, layout: try descriptor.layout(dnnl_query_weights_md))
        ),
        (DNNL_ARG_DIFF_SRC, share),
      ])
    try builder.contribute(
      builder.view(share, as: builder.shape(of: layer.input)), to: layer.input, layer: name)
  }
}
