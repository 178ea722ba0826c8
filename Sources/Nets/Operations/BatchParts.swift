import COneDNN
import CVectorKernels

/// Parts of a batch for different heads: rows a ..< b each, which may overlap and leave rows out.
///
/// Rows lie one after the other, so that a part is the same memory, further on; a value in a layout of
/// the kernels' own (of images) becomes row-major first. The gradient of a row is the sum of its
/// gradients in the parts that have it, in the parts' order, and 0 where none has.
///
/// - Shapes: input `[rows, …]`, each result `[b − a, …]`.
struct BatchParts: Operation {
  let name: String
  let input: ValueID
  let parts: [Range<Int>]
  let results: [ValueID]

  var operands: [ValueID] { [input] }

  func plan(_ builder: PlanBuilder) throws -> BackwardPlan? {
    let shape = builder.shape(of: input)
    if let last = parts.map(\.upperBound).max(), last > shape[0] {
      throw NetsError.shape(
        layer: name, problem: "cannot take rows up to \(last) of a batch of \(shape[0])")
    }
    let located = builder.located(input)
    let source = try builder.converted(
      located, to: .rowMajor(shape, located.layout.dataType), layer: name)
    let bytesPerRow = source.layout.byteCount / shape[0]
    for (part, result) in zip(parts, results) {
      builder.define(
        result,
        as: Located(
          layout: try .rowMajor(builder.shape(of: result), source.layout.dataType),
          place: .part(of: source.place, byteOffset: part.lowerBound * bytesPerRow)))
    }
    guard builder.isLearning else { return nil }
    return { try planBackward(shape: shape, $0) }
  }

  /// Sums in float32, whatever the gradients come in.
  private func planBackward(shape: [Int], _ builder: PlanBuilder) throws {
    let gradients = try results.map { result in
      try builder.converted(
        builder.gradient(of: result), to: .rowMajor(builder.shape(of: result), dnnl_f32),
        layer: name)
    }
    let inputGradient = builder.newBuffer(try .rowMajor(shape, dnnl_f32))
    let (parts, rows) = (parts, shape[0])
    builder.emit([inputGradient] + gradients, layer: name) { addresses in
      let floats = addresses.map { $0.assumingMemoryBound(to: Float.self) }
      return PartsBackward(
        rows: rows, length: shape.dropFirst().reduce(1, *), parts: parts, gradient: floats[0],
        partGradients: floats.dropFirst().map { UnsafePointer($0) })
    }
    try builder.contribute(inputGradient, to: input, layer: name)
  }
}

private struct PartsBackward: StepKernel {
  let rows: Int
  let length: Int
  let parts: [Range<Int>]
  let gradient: UnsafeMutablePointer<Float>
  let partGradients: [UnsafePointer<Float>]

  func run(_ context: StepContext) {
    gradient.update(repeating: 0, count: rows * length)
    for index in 0..<parts.count {
      let start = gradient + parts[index].lowerBound * length
      aver_add_f32(start, partGradients[index], parts[index].count * length)
    }
  }
}

extension Graph {
  /// Gives heads their parts of a batch, without copies of row-major values.
  ///
  /// - Shapes: `[…]` to the same for each part, with that part's rows only.
  /// - Parameter parts: rows of the batch; they may overlap, and leave rows out. A row that no part
  ///   has gets no gradient.
  /// - Returns: the parts, in their order.
  /// - Throws: `NetsError.shape` for empty parts. Compiling throws where a batch has fewer rows.
  public mutating func parts(
    of input: ValueID, rows parts: [Range<Int>], name: String
  ) throws -> [ValueID] {
    guard !parts.isEmpty, parts.allSatisfy({ !$0.isEmpty && $0.lowerBound >= 0 }) else {
      throw NetsError.shape(layer: name, problem: "cannot cut a batch into \(parts)")
    }
    let results = parts.map { part in
      self.input(shape: shape(of: input), rows: .fixed(part.count))
    }
    append(BatchParts(name: name, input: input, parts: parts, results: results))
    return results
  }
}
