import COneDNN

/// One direction of a layer, being planned.
struct RecurrentPass {
  /// Adds the backward steps, given the gradient of the layer's result.
  typealias Backward = (Located, PlanBuilder) throws -> Void

  /// What the forward steps leave for the backward steps.
  struct Kept {
    let input: PrimitiveDescriptor
    let hidden: PrimitiveDescriptor
    let gates: Located
    let operands: Located
    let states: Located
    let extra: Located
  }

  let layer: RecurrentLayer
  let weights: RecurrentWeights
  let shape: RecurrentShape
  /// The layer's input as rows `[N · T, I]`.
  let source: Located
  let lengths: Located?

  var name: String { layer.name }
  var stateShape: [Int] { [shape.batch, shape.hidden] }
  var gateShape: [Int] { [shape.batch, shape.gateRow] }

  // MARK: - Forward

  func planForward(to result: Located, _ builder: PlanBuilder) throws -> Backward {
    let type = builder.precision.dataType
    let (input, gates) = try planInputProduct(builder)
    let hidden = try product(
      source: .rowMajor(stateShape, type), weight: weights.hiddenWeight,
      destination: .rowMajor(gateShape, dnnl_f32), builder)
    let rows = [shape.rows, shape.hidden]
    let operands = builder.newBuffer(try .rowMajor(rows, type))
    let kept = Kept(
      input: input, hidden: hidden, gates: gates, operands: operands,
      states: hasOwnStates ? builder.newBuffer(try .rowMajor(rows, dnnl_f32)) : operands,
      extra: builder.newBuffer(try .rowMajor(rows, dnnl_f32)))
    try planLoop(to: result, kept, builder)
    return { try planBackward(resultGradient: $0, kept, $1) }
  }

  /// Whether the state is kept beside what products read of it: only a GRU's gradient reads the
  /// state itself.
  private var hasOwnStates: Bool { shape.isRounded && shape.cell == .gru }

  private func planLoop(to result: Located, _ kept: Kept, _ builder: PlanBuilder) throws {
    let hidden = kept.hidden
    let weight = builder.weights(
      weights.hiddenWeight, layout: try hidden.layout(dnnl_query_weights_md))
    let bias = builder.weights(
      weights.hiddenBias, layout: try .rowMajor([shape.gateRow], dnnl_f32))
    let recurrent = builder.newBuffer(try .rowMajor(gateShape, dnnl_f32))
    let state = builder.newBuffer(try .rowMajor(stateShape, dnnl_f32))
    let cell = builder.newBuffer(try .rowMajor(stateShape, dnnl_f32))
    let operand = builder.newBuffer(try .rowMajor(stateShape, builder.precision.dataType))
    var list = [result, kept.gates, weight, bias, recurrent, state, cell, operand]
    if let lengths { list.append(lengths) }
    if builder.isLearning { list += [kept.operands, kept.states, kept.extra] }
    let (isTraining, device) = (builder.isLearning, builder.device)
    builder.emit(list, layer: name) { [list] addresses in
      let at = OperandAddresses(list, addresses)
      return RecurrentForward(
        shape: shape, lengths: sequenceLengths(at),
        product: try PreparedPrimitive(
          hidden,
          [
            (DNNL_ARG_SRC, operand.layout, at[operand]),
            (DNNL_ARG_WEIGHTS, weight.layout, at[weight]),
            (DNNL_ARG_BIAS, bias.layout, at[bias]),
            (DNNL_ARG_DST, recurrent.layout, at[recurrent]),
          ], device: device),
        gates: at.floats(kept.gates), recurrent: at.floats(recurrent),
        state: at.floats(state), cell: at.floats(cell), operand: precisionRows(at[operand]),
        result: precisionRows(at[result]),
        saved: isTraining
          ? RecurrentForward.Saved(
            operands: precisionRows(at[kept.operands]),
            states: hasOwnStates ? at.floats(kept.states) : nil, extra: at.floats(kept.extra))
          : nil)
    }
  }

  func precisionRows(_ address: UnsafeMutableRawPointer) -> PrecisionRows {
    PrecisionRows(address: address, isRounded: shape.isRounded)
  }

  func sequenceLengths(_ at: OperandAddresses) -> SequenceLengths {
    SequenceLengths(batch: shape.batch, frames: shape.frames, lengths.map { at[$0] })
  }

  /// x · W_ihᵀ + b_ih of all frames at once.
  private func planInputProduct(_ builder: PlanBuilder) throws -> (PrimitiveDescriptor, Located) {
    let gates = builder.newBuffer(try .rowMajor([shape.rows, shape.gateRow], dnnl_f32))
    let descriptor = try product(
      source: source.layout, weight: weights.inputWeight, destination: gates.layout, builder)
    try builder.emit(
      descriptor,
      [
        (DNNL_ARG_SRC, source),
        (
          DNNL_ARG_WEIGHTS,
          builder.weights(
            weights.inputWeight, layout: try descriptor.layout(dnnl_query_weights_md))
        ),
        (
          DNNL_ARG_BIAS,
          builder.weights(
            weights.inputBias, layout: try .rowMajor([shape.gateRow], dnnl_f32))
        ),
        (DNNL_ARG_DST, gates),
      ])
    return (descriptor, gates)
  }

  private func product(
    source: MemoryDescriptor, weight: Int, destination: MemoryDescriptor, _ builder: PlanBuilder
  ) throws -> PrimitiveDescriptor {
    try .innerProductForward(
      source: source, weights: any(weight, builder), bias: .rowMajor([shape.gateRow], dnnl_f32),
      destination: destination, builder, layer: name)
  }

  /// A weight in the plan's precision, in the layout that the kernels like.
  func any(_ weight: Int, _ builder: PlanBuilder) throws -> MemoryDescriptor {
    try .any(builder.graph.parameters[weight].shape, builder.precision.dataType)
  }
}
