import CVectorKernels

/// The forward loop over time of one direction, prepared for execution.
struct RecurrentForward: StepKernel {
  /// What the backward loop and the gradients of the weights read.
  struct Saved {
    /// State before each frame `[N, T, H]`: zeros in padding.
    let operands: PrecisionRows
    /// The same in float32 where `operands` are rounded and the cell's gradient reads it, `[N, T, H]`.
    let states: UnsafeMutablePointer<Float>?
    /// GRU: the hidden product's part of n. LSTM: the cell before each frame. `[N, T, H]`.
    let extra: UnsafeMutablePointer<Float>
  }

  let shape: RecurrentShape
  let lengths: SequenceLengths
  /// recurrent = operand · W_hhᵀ + b_hh.
  let product: PreparedPrimitive
  /// x · W_ihᵀ + b_ih of all frames; becomes the gates `[N, T, G · H]`.
  let gates: UnsafeMutablePointer<Float>
  /// `[N, G · H]`.
  let recurrent: UnsafeMutablePointer<Float>
  /// `[N, H]`.
  let state: UnsafeMutablePointer<Float>
  /// Of an LSTM, `[N, H]`.
  let cell: UnsafeMutablePointer<Float>
  /// The state as the product reads it, `[N, H]`.
  let operand: PrecisionRows
  /// `[N, T, D · H]`.
  let result: PrecisionRows
  /// nil in inference.
  let saved: Saved?

  func run(_ context: StepContext) throws {
    let longest = lengths.longest
    let count = shape.batch * shape.hidden
    state.update(repeating: 0, count: count)
    cell.update(repeating: 0, count: count)
    operand.clear(at: 0, count: count)
    for position in 0..<longest {
      try product.run()
      let frame = shape.frame(position, of: longest)
      for sample in 0..<shape.batch { step(sample, frame) }
    }
    for frame in longest..<shape.frames {
      for sample in 0..<shape.batch { clear(row: sample * shape.frames + frame) }
    }
  }

  private func step(_ sample: Int, _ frame: Int) {
    let hidden = shape.hidden
    let row = sample * shape.frames + frame
    // The reverse direction has not started here, and its state is still zero; the forward
    // direction has ended, and its state is not used any more.
    guard frame < lengths[sample] else { return clear(row: row) }
    let state = state + sample * hidden
    let cell = cell + sample * hidden
    let recurrent = recurrent + sample * shape.gateRow
    let gates = gates + row * shape.gateRow
    if let saved {
      saved.operands.write(state, at: row * hidden, count: hidden)
      saved.states?.advanced(by: row * hidden).update(from: state, count: hidden)
      (saved.extra + row * hidden).update(
        from: shape.cell == .gru ? recurrent + 2 * hidden : cell, count: hidden)
    }
    switch shape.cell {
    case .gru: aver_gru_forward_f32(gates, recurrent, state, hidden)
    case .lstm: aver_lstm_forward_f32(gates, recurrent, cell, state, hidden)
    }
    operand.write(state, at: sample * hidden, count: hidden)
    result.write(state, at: row * shape.resultWidth + shape.resultOffset, count: hidden)
  }

  private func clear(row: Int) {
    result.clear(at: row * shape.resultWidth + shape.resultOffset, count: shape.hidden)
    saved?.operands.clear(at: row * shape.hidden, count: shape.hidden)
  }
}
