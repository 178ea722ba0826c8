import CVectorKernels

/// The backward loop over time of one direction, prepared for execution: the gradients of the gates,
/// from which products over all frames make those of input and weights.
struct RecurrentBackward: StepKernel {
  let shape: RecurrentShape
  let lengths: SequenceLengths
  /// carried = stepGradient · W_hh.
  let product: PreparedPrimitive
  /// `[N, T, G · H]`.
  let gates: UnsafePointer<Float>
  /// State before each frame, float32, `[N, T, H]`: read for a GRU only.
  let states: UnsafePointer<Float>
  /// See `RecurrentForward.Saved`.
  let extra: UnsafePointer<Float>
  /// `[N, T, D · H]`.
  let resultGradient: PrecisionRows
  /// Of x · W_ihᵀ + b_ih, `[N, T, G · H]`.
  let inputGradients: PrecisionRows
  /// Of h · W_hhᵀ + b_hh, `[N, T, G · H]`; nil for an LSTM, where it is the same.
  let hiddenGradients: PrecisionRows?
  /// The latter for one frame, `[N, G · H]`.
  let stepGradient: PrecisionRows
  /// `[N, H]`.
  let carried: UnsafePointer<Float>
  /// Of the state after the frame, `[N, H]`.
  let stateGradient: UnsafeMutablePointer<Float>
  /// Of an LSTM's cell after the frame, `[N, H]`.
  let cellGradient: UnsafeMutablePointer<Float>
  /// Gradients of one sample's gates in float32, `[2, G · H]`.
  let scratch: UnsafeMutablePointer<Float>

  func run(_ context: StepContext) throws {
    let longest = lengths.longest
    let count = shape.batch * shape.hidden
    stateGradient.update(repeating: 0, count: count)
    cellGradient.update(repeating: 0, count: count)
    for position in stride(from: longest - 1, through: 0, by: -1) {
      let frame = shape.frame(position, of: longest)
      for sample in 0..<shape.batch { step(sample, frame) }
      // The state before the first frame is a constant.
      if position > 0 {
        try product.run()
        aver_add_f32(stateGradient, carried, count)
      }
    }
    for frame in longest..<shape.frames {
      for sample in 0..<shape.batch { clear(row: sample * shape.frames + frame) }
    }
  }

  private func step(_ sample: Int, _ frame: Int) {
    let hidden = shape.hidden
    let gateRow = shape.gateRow
    let row = sample * shape.frames + frame
    guard frame < lengths[sample] else {
      clear(row: row)
      stepGradient.clear(at: sample * gateRow, count: gateRow)
      return
    }
    let stateGradient = stateGradient + sample * hidden
    resultGradient.add(
      to: stateGradient, at: row * shape.resultWidth + shape.resultOffset, count: hidden)
    switch shape.cell {
    case .gru:
      aver_gru_backward_f32(
        gates + row * gateRow, extra + row * hidden, states + row * hidden, stateGradient,
        scratch, scratch + gateRow, hidden)
    case .lstm:
      aver_lstm_backward_f32(
        gates + row * gateRow, extra + row * hidden, stateGradient,
        cellGradient + sample * hidden, scratch, hidden)
      // All of it went through the gates.
      stateGradient.update(repeating: 0, count: hidden)
    }
    let hiddenGradient = UnsafePointer(hiddenGradients == nil ? scratch : scratch + gateRow)
    inputGradients.write(scratch, at: row * gateRow, count: gateRow)
    hiddenGradients?.write(hiddenGradient, at: row * gateRow, count: gateRow)
    stepGradient.write(hiddenGradient, at: sample * gateRow, count: gateRow)
  }

  private func clear(row: Int) {
    let gateRow = shape.gateRow
    inputGradients.clear(at: row * gateRow, count: gateRow)
    hiddenGradients?.clear(at: row * gateRow, count: gateRow)
  }
}
