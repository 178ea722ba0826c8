import COneDNN

/// Standardises the frames that are there, and tells which these are: (x − mean) · factor and a 1; of
/// the others, whatever they hold, zeros.
///
/// float32 in either precision of the plan. Gradients of frames that are not there are zeros.
///
/// - Shapes: input `[N, T, F]`, presence `[N, T]` (a frame is there where it is not 0), mean and factor
///   `[1, F]`, result `[N, T, F + 1]`.
struct PresentFrames: Operation {
  let name: String
  let input: ValueID
  let presence: ValueID
  let mean: ValueID
  let factor: ValueID
  let result: ValueID

  var operands: [ValueID] { [input, presence, mean, factor] }
  var results: [ValueID] { [result] }

  func plan(_ builder: PlanBuilder) throws -> BackwardPlan? {
    let shape = builder.shape(of: input)
    let plain = try MemoryDescriptor.rowMajor(shape, dnnl_f32)
    let source = try builder.converted(builder.located(input), to: plain, layer: name)
    let constants = [presence, mean, factor].map(builder.located)
    let destination = builder.define(
      result, layout: try .rowMajor(builder.shape(of: result), dnnl_f32))
    let (frames, features) = (shape[0] * shape[1], shape[2])
    builder.emit([source, destination] + constants, layer: name) { addresses in
      PresentFramesForward(
        input: PresentFramesOperands(addresses, frames: frames, features: features))
    }
    guard builder.isLearning else { return nil }
    return { builder in
      let gradient = try builder.converted(
        builder.gradient(of: result), to: .rowMajor(builder.shape(of: result), dnnl_f32),
        layer: name)
      let share = builder.newBuffer(plain)
      builder.emit([share, gradient] + constants, layer: name) { addresses in
        PresentFramesBackward(
          input: PresentFramesOperands(addresses, frames: frames, features: features))
      }
      try builder.contribute(share, to: input, layer: name)
    }
  }
}

/// What both directions read and write, prepared for execution.
private struct PresentFramesOperands {
  let frames: Int
  let features: Int
  /// `[frames, features]`
  let narrow: UnsafeMutablePointer<Float>
  /// `[frames, features + 1]`
  let wide: UnsafeMutablePointer<Float>
  let presence: UnsafePointer<Float>
  let mean: UnsafePointer<Float>
  let factor: UnsafePointer<Float>

  init(_ addresses: [UnsafeMutableRawPointer], frames: Int, features: Int) {
    let floats = addresses.map { $0.assumingMemoryBound(to: Float.self) }
    self.frames = frames
    self.features = features
    (narrow, wide) = (floats[0], floats[1])
    presence = UnsafePointer(floats[2])
    mean = UnsafePointer(floats[3])
    factor = UnsafePointer(floats[4])
  }
}

private struct PresentFramesForward: StepKernel {
  let input: PresentFramesOperands

  func run(_ context: StepContext) {
    let features = input.features
    for frame in 0..<input.frames {
      let (row, result) = (input.narrow + frame * features, input.wide + frame * (features + 1))
      guard input.presence[frame] != 0 else {
        result.update(repeating: 0, count: features + 1)
        continue
      }
      for index in 0..<features {
        result[index] = (row[index] - input.mean[index]) * input.factor[index]
      }
      result[features] = 1
    }
  }
}

private struct PresentFramesBackward: StepKernel {
  let input: PresentFramesOperands

  func run(_ context: StepContext) {
    let features = input.features
    for frame in 0..<input.frames {
      let (row, gradient) = (input.narrow + frame * features, input.wide + frame * (features + 1))
      guard input.presence[frame] != 0 else {
        row.update(repeating: 0, count: features)
        continue
      }
      for index in 0..<features { row[index] = gradient[index] * input.factor[index] }
    }
  }
}

extension Graph {
  /// Standardises the frames that are there: (x − mean) · factor, and a last feature of 1. Frames that
  /// are not there become zeros, their last feature too.
  ///
  /// - Shapes: `[T, F]` to `[T, F + 1]`; presence `[T]`, 0 for a frame that is not there; mean and factor
  ///   `[F]`, a row for all samples. These three are inputs, float32, which have no gradient.
  /// - Throws: `NetsError.shape`.
  public mutating func presentFrames(
    _ input: ValueID, presence: ValueID, mean: ValueID, factor: ValueID, name: String
  ) throws -> ValueID {
    let shape = try sequenceShape(of: input, layer: name)
    guard self.shape(of: presence) == [shape.frames], rows(of: presence) == rows(of: input),
      [mean, factor].allSatisfy({
        self.shape(of: $0) == [shape.features] && rows(of: $0) == .fixed(1)
      })
    else {
      throw NetsError.shape(
        layer: name,
        problem: "cannot standardise \(self.shape(of: input)) by \(self.shape(of: mean)) and "
          + "\(self.shape(of: factor)) where \(self.shape(of: presence)) says which frames are there"
      )
    }
    let result = result(shape: [shape.frames, shape.features + 1], of: input)
    append(
      PresentFrames(
        name: name, input: input, presence: presence, mean: mean, factor: factor, result: result))
    return result
  }
}
