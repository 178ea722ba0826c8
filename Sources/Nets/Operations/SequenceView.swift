/// Consecutive rows as the frames of sequences: the same memory under another shape.
///
/// - Shapes: input `[N · T, F]`, result `[N, T, F]`.
struct SequenceView: Operation {
  let name: String
  let input: ValueID
  let result: ValueID

  var operands: [ValueID] { [input] }
  var results: [ValueID] { [result] }

  func plan(_ builder: PlanBuilder) throws -> BackwardPlan? {
    let (rows, sequences) = (builder.shape(of: input), builder.shape(of: result))
    let located = builder.located(input)
    let source = try builder.converted(
      located, to: .rowMajor(rows, located.layout.dataType), layer: name)
    builder.define(result, as: try builder.view(source, as: sequences))
    guard builder.isLearning else { return nil }
    return { builder in
      let gradient = builder.gradient(of: result)
      let plain = try builder.converted(
        gradient, to: .rowMajor(sequences, gradient.layout.dataType), layer: name)
      try builder.contribute(try builder.view(plain, as: rows), to: input, layer: name)
    }
  }
}

extension Graph {
  /// Makes sequences of rows that belong to the frames of each sample, without a copy.
  ///
  /// - Shapes: `[F]`, T rows a sample, to `[T, F]`, one.
  /// - Throws: `NetsError.shape` where samples have not T ≥ 2 rows of their own.
  public mutating func sequences(of input: ValueID, name: String) throws -> ValueID {
    guard shape(of: input).count == 1, case .perSample(let frames) = rows(of: input) else {
      throw NetsError.shape(
        layer: name,
        problem: "needs an input [features] with several rows a sample, got "
          + "\(shape(of: input)) with \(rows(of: input))")
    }
    let result = self.input(shape: [frames] + shape(of: input))
    append(SequenceView(name: name, input: input, result: result))
    return result
  }
}
