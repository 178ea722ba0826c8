import COneDNN
import Glibc

/// Rows of several values beside each other: concatenation over the last axis.
///
/// Row-major float32 in either precision of the plan: what is joined comes from layer normalisations.
///
/// - Shapes: inputs `[N, T, Fᵢ]` or `[N, Fᵢ]`, result with Σ Fᵢ features.
struct FeatureConcatenation: Operation {
  let name: String
  let inputs: [ValueID]
  let result: ValueID

  var operands: [ValueID] { inputs }
  var results: [ValueID] { [result] }

  func plan(_ builder: PlanBuilder) throws -> BackwardPlan? {
    let widths = inputs.map { builder.rowShape(of: $0)[1] }
    let sources = try inputs.map {
      try builder.rows(builder.located($0), of: $0, type: dnnl_f32, layer: name)
    }
    let destination = builder.define(
      result, layout: try .rowMajor(builder.shape(of: result), dnnl_f32))
    let rows = builder.rowShape(of: result)[0]
    builder.emit([destination] + sources, layer: name) { addresses in
      RowConcatenation(
        joined: addresses[0], parts: Array(addresses.dropFirst()), widths: widths, rows: rows,
        isSplit: false)
    }
    guard builder.isLearning else { return nil }
    return { builder in
      let gradient = try builder.rows(
        builder.gradient(of: result), of: result, type: dnnl_f32, layer: name)
      let shares = try inputs.map {
        builder.newBuffer(try .rowMajor(builder.shape(of: $0), dnnl_f32))
      }
      builder.emit([gradient] + shares, layer: name) { addresses in
        RowConcatenation(
          joined: addresses[0], parts: Array(addresses.dropFirst()), widths: widths, rows: rows,
          isSplit: true)
      }
      for (input, share) in zip(inputs, shares) where builder.needsGradient(input) {
        try builder.contribute(share, to: input, layer: name)
      }
    }
  }
}

private struct RowConcatenation: StepKernel {
  let joined: UnsafeMutableRawPointer
  let parts: [UnsafeMutableRawPointer]
  let widths: [Int]
  let rows: Int
  /// From the joined rows to the parts instead.
  let isSplit: Bool

  func run(_ context: StepContext) {
    let element = MemoryLayout<Float>.stride
    var place = joined
    for row in 0..<rows {
      for index in 0..<parts.count {
        let bytes = widths[index] * element
        let part = parts[index] + row * bytes
        if isSplit { memcpy(part, place, bytes) } else { memcpy(place, part, bytes) }
        place += bytes
      }
    }
  }
}

extension Graph {
  /// Adds a concatenation over the last axis.
  ///
  /// - Shapes: `[T, Fᵢ]` with the same T, or `[Fᵢ]`, to Σ Fᵢ features.
  public mutating func concatenateFeatures(_ inputs: [ValueID], name: String) throws -> ValueID {
    let shapes = inputs.map { shape(of: $0) }
    guard let first = shapes.first, (1...2).contains(first.count),
      shapes.allSatisfy({ $0.dropLast() == first.dropLast() }),
      Set(inputs.map { rows(of: $0) }).count == 1
    else {
      throw NetsError.shape(layer: name, problem: "cannot join the features of \(shapes)")
    }
    let features = shapes.compactMap(\.last).reduce(0, +)
    let result = result(shape: first.dropLast() + [features], of: inputs[0])
    append(FeatureConcatenation(name: name, inputs: inputs, result: result))
    return result
  }
}
