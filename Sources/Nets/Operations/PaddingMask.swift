import COneDNN
import Glibc

/// Zeros in place of the frames behind each sequence's end, whatever they held; their gradients are
/// zeros too.
///
/// A product with a zero gradient is zero only for finite numbers: what pads a sequence may be
/// anything, and must not reach the gradients of weights.
///
/// - Shapes: input and result `[N, T, F]`; lengths `[N]`, int32.
struct PaddingMask: Operation {
  let name: String
  let input: ValueID
  let lengths: ValueID
  let result: ValueID

  var operands: [ValueID] { [input, lengths] }
  var results: [ValueID] { [result] }

  func plan(_ builder: PlanBuilder) throws -> BackwardPlan? {
    let lengths = try builder.lengths(
      lengths, rows: builder.shape(of: input)[0], layer: name)
    let shape = builder.shape(of: input)
    let layout = try MemoryDescriptor.rowMajor(shape, builder.precision.dataType)
    let source = try builder.converted(builder.located(input), to: layout, layer: name)
    let destination = builder.define(result, layout: layout)
    emit(source, to: destination, lengths, shape, builder)
    guard builder.isLearning else { return nil }
    return { builder in
      let gradient = try builder.converted(
        builder.gradient(of: result), to: layout, layer: name)
      let share = builder.newBuffer(layout)
      emit(gradient, to: share, lengths, shape, builder)
      try builder.contribute(share, to: input, layer: name)
    }
  }

  private func emit(
    _ source: Located, to destination: Located, _ lengths: Located, _ shape: [Int],
    _ builder: PlanBuilder
  ) {
    let frameBytes = destination.layout.byteCount / (shape[0] * shape[1])
    builder.emit([source, destination, lengths], layer: name) { addresses in
      PaddingMaskKernel(
        source: UnsafeRawPointer(addresses[0]), destination: addresses[1],
        lengths: SequenceLengths(batch: shape[0], frames: shape[1], addresses[2]),
        frameBytes: frameBytes)
    }
  }
}

private struct PaddingMaskKernel: StepKernel {
  let source: UnsafeRawPointer
  let destination: UnsafeMutableRawPointer
  let lengths: SequenceLengths
  let frameBytes: Int

  func run(_ context: StepContext) {
    let sequenceBytes = lengths.frames * frameBytes
    for sample in 0..<lengths.batch {
      let valid = lengths[sample] * frameBytes
      let start = sample * sequenceBytes
      memcpy(destination + start, source + start, valid)
      memset(destination + start + valid, 0, sequenceBytes - valid)
    }
  }
}

/// How many frames of each sequence of a batch are valid, read anew in every step.
struct SequenceLengths {
  let batch: Int
  /// Frames of the longest sequence that fits.
  let frames: Int
  /// nil: every sequence fills all frames.
  private let values: UnsafePointer<Int32>?

  init(batch: Int, frames: Int, _ address: UnsafeMutableRawPointer?) {
    self.batch = batch
    self.frames = frames
    values = address.map { UnsafePointer($0.assumingMemoryBound(to: Int32.self)) }
  }

  /// Valid frames of a sample: a length outside of 0...frames counts as the nearest inside.
  subscript(sample: Int) -> Int {
    guard let values else { return frames }
    return min(max(Int(values[sample]), 0), frames)
  }

  /// The most valid frames of any sample.
  var longest: Int {
    var longest = 0
    for sample in 0..<batch { longest = max(longest, self[sample]) }
    return longest
  }
}

extension PlanBuilder {
  /// The array of an input of `rows` sequence lengths.
  func lengths(_ value: ValueID, rows: Int, layer: String) throws -> Located {
    let located = located(value)
    guard located.layout.isEqual(to: try .rowMajor([rows], dnnl_s32)) else {
      throw NetsError.shape(
        layer: layer, problem: "needs one length, an integer, for each of \(rows) sequences")
    }
    return located
  }
}

extension Graph {
  /// Sets the frames behind each sequence's end to zero.
  ///
  /// - Shapes: `[T, F]` to the same; lengths `[]`, an input of integers, in frames.
  public mutating func paddingMask(_ input: ValueID, lengths: ValueID, name: String) throws
    -> ValueID
  {
    let shape = try sequenceShape(of: input, layer: name)
    let result = result(shape: [shape.frames, shape.features], of: input)
    append(PaddingMask(name: name, input: input, lengths: lengths, result: result))
    return result
  }

  /// The shape `[T, F]` of a value, or an error naming the layer that needs one.
  func sequenceShape(of value: ValueID, layer: String) throws -> (frames: Int, features: Int) {
    let shape = shape(of: value)
    guard shape.count == 2 else {
      throw NetsError.shape(
        layer: layer, problem: "needs an input [frames, features], got \(shape)")
    }
    return (shape[0], shape[1])
  }
}
