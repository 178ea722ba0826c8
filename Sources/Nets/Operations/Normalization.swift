import COneDNN

/// Vectors scaled to length 1: y = x / max(‖x‖, 10⁻¹²), in double precision, to float32.
///
/// With the gradient g of y, that of x is (g − y (y · g)) / ‖x‖; where ‖x‖ is below the bound it is
/// g / 10⁻¹², as PyTorch has it.
///
/// - Shapes: input and result `[rows, …, F]`, row-major.
/// - Source: `torch.nn.functional.normalize`.
struct Normalization: Operation {
  let name: String
  let input: ValueID
  let result: ValueID

  var operands: [ValueID] { [input] }
  var results: [ValueID] { [result] }

  func plan(_ builder: PlanBuilder) throws -> BackwardPlan? {
    let shape = builder.shape(of: input)
    let plain = try MemoryDescriptor.rowMajor(shape, dnnl_f32)
    let source = try builder.converted(builder.located(input), to: plain, layer: name)
    let destination = builder.define(result, layout: plain)
    let (count, length) = (shape.dropLast().reduce(1, *), shape[shape.count - 1])
    builder.emit([source, destination], layer: name) { addresses in
      let floats = addresses.map { $0.assumingMemoryBound(to: Float.self) }
      return NormalizationForward(count: count, length: length, input: floats[0], result: floats[1])
    }
    guard builder.isLearning else { return nil }
    return { builder in
      let gradient = try builder.converted(builder.gradient(of: result), to: plain, layer: name)
      let inputGradient = builder.newBuffer(plain)
      builder.emit([source, gradient, inputGradient], layer: name) { addresses in
        let floats = addresses.map { $0.assumingMemoryBound(to: Float.self) }
        return NormalizationBackward(
          count: count, length: length, input: floats[0], gradient: floats[1],
          inputGradient: floats[2])
      }
      try builder.contribute(inputGradient, to: input, layer: name)
    }
  }
}

private struct NormalizationForward: StepKernel {
  let count: Int
  let length: Int
  let input: UnsafePointer<Float>
  let result: UnsafeMutablePointer<Float>

  func run(_ context: StepContext) {
    for start in stride(from: 0, to: count * length, by: length) {
      let vector = NormalizedVector(input + start, count: length)
      for index in 0..<length { result[start + index] = Float(vector[index]) }
    }
  }
}

private struct NormalizationBackward: StepKernel {
  let count: Int
  let length: Int
  let input: UnsafePointer<Float>
  let gradient: UnsafePointer<Float>
  let inputGradient: UnsafeMutablePointer<Float>

  func run(_ context: StepContext) {
    for start in stride(from: 0, to: count * length, by: length) {
      let vector = NormalizedVector(input + start, count: length)
      var projection = 0.0
      for index in 0..<length { projection += vector[index] * Double(gradient[start + index]) }
      for index in 0..<length {
        inputGradient[start + index] = Float(
          vector.gradient(Double(gradient[start + index]), at: index, projection: projection))
      }
    }
  }
}

extension Graph {
  /// Adds the scaling of vectors to length 1: x / max(‖x‖, 10⁻¹²), as `torch.nn.functional.normalize`.
  ///
  /// - Shapes: `[…, F]` to the same; norms over F. The result is float32 in either precision.
  /// - Throws: `NetsError.shape` for values without axes.
  public mutating func normalization(_ input: ValueID, name: String) throws -> ValueID {
    guard let length = shape(of: input).last, length > 0 else {
      throw NetsError.shape(layer: name, problem: "needs an input [features]")
    }
    let result = result(shape: shape(of: input), of: input)
    append(Normalization(name: name, input: input, result: result))
    return result
  }
}
