import COneDNN
import CVectorKernels
import CounterRandom

/// Sets elements to zero at random and scales the others by 1 / (1 − p), in training only.
///
/// Which ones is a function of the run's seed, the step, the micro-batch, the layer and the
/// element's place in the row-major array: the same on whichever rank computes the micro-batch.
///
/// - Shapes: input and result the same, any.
/// - Source: N. Srivastava et al., "Dropout", 2014.
struct Dropout: Operation {
  let name: String
  let input: ValueID
  let result: ValueID
  /// p, of an element to be dropped.
  let probability: Float
  /// Index among the layers that draw.
  let layer: Int

  var operands: [ValueID] { [input] }
  var results: [ValueID] { [result] }

  func plan(_ builder: PlanBuilder) throws -> BackwardPlan? {
    guard builder.isTraining, probability > 0, !builder.graph.isFrozen(layer: name) else {
      builder.define(result, as: builder.located(input))
      guard builder.isLearning else { return nil }
      return { try $0.contribute($0.gradient(of: result), to: input, layer: name) }
    }
    let shape = builder.shape(of: input)
    let rows = try MemoryDescriptor.rowMajor(shape, builder.precision.dataType)
    let source = try builder.converted(builder.located(input), to: rows, layer: name)
    let destination = builder.define(result, layout: rows)
    let mask = builder.newBuffer(try .rowMajor([shape.reduce(1, *)], dnnl_u8))
    let type = builder.precision.elementType
    builder.emit([destination, source, mask], layer: name) { addresses in
      DropoutStep(
        masking: Masking(
          result: addresses[0], input: addresses[1], mask: addresses[2],
          factor: 1 / (1 - probability), count: shape.reduce(1, *), type: type),
        probability: probability, layer: layer)
    }
    guard builder.isLearning else { return nil }
    return { builder in
      let gradient = try builder.converted(builder.gradient(of: result), to: rows, layer: name)
      let inputGradient = builder.newBuffer(rows)
      builder.emit([inputGradient, gradient, mask], layer: name) { addresses in
        Masking(
          result: addresses[0], input: addresses[1], mask: addresses[2],
          factor: 1 / (1 - probability), count: shape.reduce(1, *), type: type)
      }
      try builder.contribute(inputGradient, to: input, layer: name)
    }
  }
}

/// The backward pass, and the second half of the forward pass.
private struct Masking: StepKernel {
  let result: UnsafeMutableRawPointer
  let input: UnsafeMutableRawPointer
  let mask: UnsafeMutableRawPointer
  let factor: Float
  let count: Int
  let type: aver_element_type

  func run(_ context: StepContext) {
    aver_apply_mask(
      result, input, mask.assumingMemoryBound(to: UInt8.self), factor, count, type)
  }
}

private struct DropoutStep: StepKernel {
  let masking: Masking
  let probability: Float
  let layer: Int

  func run(_ context: StepContext) {
    let stream = aver_random_stream(context.draw.random(layer: layer, .dropout))
    aver_draw_keep_mask(
      masking.mask.assumingMemoryBound(to: UInt8.self), masking.count, probability, stream)
    masking.run(context)
  }
}

extension Graph {
  /// Adds a dropout.
  ///
  /// - Shapes: any, to the same.
  /// - Parameter probability: of an element to be dropped, in [0, 1).
  public mutating func dropout(_ input: ValueID, name: String, probability: Float) throws
    -> ValueID
  {
    try requireProbability(probability, layer: name)
    let result = result(shape: shape(of: input), of: input)
    append(
      Dropout(
        name: name, input: input, result: result, probability: probability,
        layer: randomLayer()))
    return result
  }

  /// Throws unless something is left when a share of `probability` is dropped.
  func requireProbability(_ probability: Float, layer: String) throws {
    guard probability >= 0, probability < 1 else {
      throw NetsError.shape(
        layer: layer, problem: "\(probability) of all cannot be dropped; use one in [0, 1)")
    }
  }
}
