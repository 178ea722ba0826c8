import COneDNN
import CVectorKernels

/// right + gate · (left − right): a gate of 1 chooses left, of 0 right. Float32 in either precision of
/// the plan.
///
/// - Shapes: gate, left, right and result the same, any.
/// - Source: J. Arevalo et al., "Gated multimodal units for information fusion", 2017.
struct GatedSum: Operation {
  let name: String
  let gate: ValueID
  let left: ValueID
  let right: ValueID
  let result: ValueID

  var operands: [ValueID] { [gate, left, right] }
  var results: [ValueID] { [result] }

  func plan(_ builder: PlanBuilder) throws -> BackwardPlan? {
    let layout = try MemoryDescriptor.rowMajor(builder.shape(of: result), dnnl_f32)
    let count = builder.shape(of: result).reduce(1, *)
    let inputs = [gate, left, right]
    let sources = try inputs.map {
      try builder.converted(builder.located($0), to: layout, layer: name)
    }
    let destination = builder.define(result, layout: layout)
    builder.emit([destination] + sources, layer: name) { addresses in
      let floats = addresses.map { $0.assumingMemoryBound(to: Float.self) }
      return GatedSumKernel(
        result: floats[0], gate: floats[1], left: floats[2], right: floats[3], count: count)
    }
    guard builder.isLearning else { return nil }
    return { builder in
      let gradient = try builder.converted(
        builder.gradient(of: result), to: layout, layer: name)
      let shares = inputs.map { _ in builder.newBuffer(layout) }
      builder.emit(shares + [gradient] + sources, layer: name) { addresses in
        let floats = addresses.map { $0.assumingMemoryBound(to: Float.self) }
        return GatedSumBackward(
          gateGradient: floats[0], leftGradient: floats[1], rightGradient: floats[2],
          gradient: floats[3], gate: floats[4], left: floats[5], right: floats[6], count: count)
      }
      for (input, share) in zip(inputs, shares) where builder.needsGradient(input) {
        try builder.contribute(share, to: input, layer: name)
      }
    }
  }
}

private struct GatedSumKernel: StepKernel {
  let result: UnsafeMutablePointer<Float>
  let gate: UnsafeMutablePointer<Float>
  let left: UnsafeMutablePointer<Float>
  let right: UnsafeMutablePointer<Float>
  let count: Int

  func run(_ context: StepContext) { aver_gated_sum_f32(result, gate, left, right, count) }
}

private struct GatedSumBackward: StepKernel {
  let gateGradient: UnsafeMutablePointer<Float>
  let leftGradient: UnsafeMutablePointer<Float>
  let rightGradient: UnsafeMutablePointer<Float>
  let gradient: UnsafeMutablePointer<Float>
  let gate: UnsafeMutablePointer<Float>
  let left: UnsafeMutablePointer<Float>
  let right: UnsafeMutablePointer<Float>
  let count: Int

  func run(_ context: StepContext) {
    aver_gated_sum_backward_f32(
      gateGradient, leftGradient, rightGradient, gradient, gate, left, right, count)
  }
}

extension Graph {
  /// Adds right + gate · (left − right).
  ///
  /// - Shapes: any, three times the same, to the same.
  public mutating func gatedSum(gate: ValueID, _ left: ValueID, _ right: ValueID, name: String)
    throws -> ValueID
  {
    let shape = shape(of: left)
    guard self.shape(of: right) == shape, self.shape(of: gate) == shape,
      rows(of: right) == rows(of: left), rows(of: gate) == rows(of: left)
    else {
      throw NetsError.shape(
        layer: name,
        problem: "cannot sum \(shape) and \(self.shape(of: right)) by a gate "
          + "\(self.shape(of: gate))")
    }
    let result = result(shape: shape, of: left)
    append(GatedSum(name: name, gate: gate, left: left, right: right, result: result))
    return result
  }
}
