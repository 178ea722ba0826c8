import COneDNN
import CVectorKernels
import Glibc

/// One layer of a GRU or an LSTM, in one direction or both.
///
/// The products with the input of all frames are one matrix product before the loop over time, and the
/// gradients of all weights are products after it, over all frames at once. What remains in the loop
/// is a small product with the hidden state and elementwise work. State and gates are float32 in either
/// precision; products read the plan's precision and add in float32.
///
/// - Shapes: input `[N, T, I]`, lengths `[N]` int32, result `[N, T, D · H]` of D directions.
struct RecurrentLayer: Operation {
  let name: String
  let cell: RecurrentCell
  let hidden: Int
  let input: ValueID
  /// nil: every sequence fills all frames.
  let lengths: ValueID?
  let result: ValueID
  let directions: [RecurrentWeights]

  var operands: [ValueID] { [input] + (lengths.map { [$0] } ?? []) }
  var results: [ValueID] { [result] }
  var parameters: [Int] { directions.flatMap(\.parameters) }

  func plan(_ builder: PlanBuilder) throws -> BackwardPlan? {
    let type = builder.precision.dataType
    let source = try builder.rows(builder.located(input), of: input, type: type, layer: name)
    let shape = builder.shape(of: result)
    let lengths = try lengths.map {
      try builder.lengths($0, rows: shape[0], layer: name)
    }
    let destination = builder.define(result, layout: try .rowMajor(shape, type))
    let passes = directions.enumerated().map { index, weights in
      RecurrentPass(
        layer: self, weights: weights,
        shape: RecurrentShape(
          cell: cell, batch: shape[0], frames: shape[1], hidden: hidden,
          resultWidth: shape[2], resultOffset: index * hidden, isReverse: weights.isReverse,
          isRounded: builder.precision == .bf16),
        source: source, lengths: lengths)
    }
    let backward = try passes.map { try $0.planForward(to: destination, builder) }
    guard builder.isLearning else { return nil }
    return { builder in
      let gradient = try builder.converted(
        builder.gradient(of: result), to: destination.layout, layer: name)
      for plan in backward.reversed() { try plan(gradient, builder) }
    }
  }
}

/// The parameters of one direction of a layer, by index in the graph.
struct RecurrentWeights: Sendable {
  /// `[G · H, I]`.
  let inputWeight: Int
  /// `[G · H, H]`.
  let hiddenWeight: Int
  /// `[G · H]`.
  let inputBias: Int
  /// `[G · H]`.
  let hiddenBias: Int
  let isReverse: Bool

  /// All of them.
  var parameters: [Int] { [inputWeight, hiddenWeight, inputBias, hiddenBias] }
}

/// The sizes of one direction of a layer.
struct RecurrentShape {
  let cell: RecurrentCell
  /// N.
  let batch: Int
  /// T.
  let frames: Int
  /// H.
  let hidden: Int
  /// Features of the layer's result, all directions.
  let resultWidth: Int
  /// Where this direction's features start in it.
  let resultOffset: Int
  let isReverse: Bool
  /// Whether products and results are bfloat16.
  let isRounded: Bool

  /// G · H.
  var gateRow: Int { cell.gates * hidden }
  /// N · T.
  var rows: Int { batch * frames }

  /// Index of a frame that is the `position`-th to be computed of `count`.
  func frame(_ position: Int, of count: Int) -> Int {
    isReverse ? count - 1 - position : position
  }
}

/// Rows in the plan's precision, read and written as float32.
struct PrecisionRows {
  let address: UnsafeMutableRawPointer
  let isRounded: Bool

  private var elementBytes: Int { isRounded ? 2 : 4 }

  /// Writes `count` elements from `offset` on.
  func write(_ row: UnsafePointer<Float>, at offset: Int, count: Int) {
    let destination = address + offset * elementBytes
    if isRounded {
      aver_round_bf16(destination.assumingMemoryBound(to: UInt16.self), row, count)
    } else {
      destination.copyMemory(from: row, byteCount: count * elementBytes)
    }
  }

  /// Adds `count` elements from `offset` on to `row`.
  func add(to row: UnsafeMutablePointer<Float>, at offset: Int, count: Int) {
    let source = address + offset * elementBytes
    if isRounded {
      aver_add_bf16(row, source.assumingMemoryBound(to: UInt16.self), count)
    } else {
      aver_add_f32(row, source.assumingMemoryBound(to: Float.self), count)
    }
  }

  /// Sets `count` elements from `offset` on to zero.
  func clear(at offset: Int, count: Int) {
    memset(address + offset * elementBytes, 0, count * elementBytes)
  }
}
