import COneDNN
import CVectorKernels
import CounterRandom

/// skip + branch, where a sample's branch is dropped at random in training (stochastic depth).
///
/// With probability p a sample's branch counts for nothing, else it is scaled by 1 / (1 − p). Which
/// ones is a function of the run's seed, the step, the micro-batch, the layer and the sample.
///
/// - Shapes: skip, branch and result `[N, C, H, W]`.
/// - Source: G. Huang et al., "Deep networks with stochastic depth", 2016; torchvision's "row" mode.
struct ResidualAddition: Operation {
  let name: String
  let skip: ValueID
  let branch: ValueID
  let result: ValueID
  /// p, of a sample's branch to be dropped.
  let dropProbability: Float
  /// Index among the layers that draw.
  let layer: Int

  var operands: [ValueID] { [skip, branch] }
  var results: [ValueID] { [result] }

  func plan(_ builder: PlanBuilder) throws -> BackwardPlan? {
    builder.isTraining && drops(in: builder.graph)
      ? try planDropping(builder) : try planAddition(builder)
  }

  /// Whether branches are dropped in training.
  func drops(in graph: Graph) -> Bool { dropProbability > 0 && !graph.isFrozen(layer: name) }

  private func planAddition(_ builder: PlanBuilder) throws -> BackwardPlan? {
    let branch = builder.located(branch)
    let skip = try builder.converted(builder.located(skip), to: branch.layout, layer: name)
    let destination = builder.define(result, layout: branch.layout)
    try builder.emit(
      PrimitiveDescriptor.addition(
        skip.layout, branch.layout, destination.layout, builder.attributes, builder,
        layer: name),
      [(DNNL_ARG_SRC_0, skip), (DNNL_ARG_SRC_1, branch), (DNNL_ARG_DST, destination)])
    guard builder.isLearning else { return nil }
    return { builder in
      // Both inputs have the result's gradient: one array serves all.
      let gradient = builder.gradient(of: result)
      try builder.contribute(gradient, to: self.skip, layer: name)
      try builder.contribute(gradient, to: self.branch, layer: name)
    }
  }

  private func planDropping(_ builder: PlanBuilder) throws -> BackwardPlan? {
    let (batch, type) = (builder.shape(of: branch)[0], builder.precision.elementType)
    // Samples have to lie one after the other.
    let branch = try builder.channelArray(
      builder.located(branch), shape: builder.shape(of: branch), layer: name
    ).located
    let layout = branch.layout
    let skip = try builder.converted(builder.located(skip), to: layout, layer: name)
    let destination = builder.define(result, layout: layout)
    let factors = builder.newBuffer(try .rowMajor([batch], dnnl_f32))
    let count = layout.byteCount / batch / builder.precision.elementBytes
    builder.emit([destination, branch, skip, factors], layer: name) { addresses in
      StochasticDepth(
        scaling: SampleScaling(
          result: addresses[0], input: addresses[1], addend: addresses[2],
          factors: addresses[3].assumingMemoryBound(to: Float.self), batch: batch, count: count,
          type: type),
        dropProbability: dropProbability, layer: layer)
    }
    return { builder in
      let gradient = try builder.converted(
        builder.gradient(of: result), to: layout, layer: name)
      let branchGradient = builder.newBuffer(layout)
      builder.emit([branchGradient, gradient, factors], layer: name) { addresses in
        SampleScaling(
          result: addresses[0], input: addresses[1], addend: nil,
          factors: addresses[2].assumingMemoryBound(to: Float.self), batch: batch, count: count,
          type: type)
      }
      try builder.contribute(gradient, to: self.skip, layer: name)
      try builder.contribute(branchGradient, to: self.branch, layer: name)
    }
  }
}

/// The backward pass, and the second half of the forward pass.
private struct SampleScaling: StepKernel {
  let result: UnsafeMutableRawPointer
  let input: UnsafeMutableRawPointer
  let addend: UnsafeMutableRawPointer?
  let factors: UnsafeMutablePointer<Float>
  let batch: Int
  let count: Int
  let type: aver_element_type

  func run(_ context: StepContext) {
    aver_scale_samples(result, input, addend, factors, batch, count, type)
  }
}

private struct StochasticDepth: StepKernel {
  let scaling: SampleScaling
  let dropProbability: Float
  let layer: Int

  func run(_ context: StepContext) {
    var random = context.draw.random(layer: layer, .stochasticDepth)
    for sample in 0..<scaling.batch {
      scaling.factors[sample] =
        random.uniform() >= dropProbability ? 1 / (1 - dropProbability) : 0
    }
    scaling.run(context)
  }
}

extension Precision {
  /// Bytes of an element.
  var elementBytes: Int { self == .f32 ? 4 : 2 }
}

extension Graph {
  /// Adds skip + branch.
  ///
  /// - Shapes: `[C, H, W]`, twice, to the same.
  /// - Parameter dropProbability: of a sample's branch to be left out in training, in [0, 1).
  public mutating func residualAddition(
    _ skip: ValueID, _ branch: ValueID, name: String, dropProbability: Float = 0
  ) throws -> ValueID {
    try requireProbability(dropProbability, layer: name)
    guard shape(of: skip) == shape(of: branch), rows(of: skip) == rows(of: branch),
      shape(of: skip).count == 3
    else {
      throw NetsError.shape(
        layer: name, problem: "cannot add \(shape(of: skip)) and \(shape(of: branch))")
    }
    let result = result(shape: shape(of: skip), of: skip)
    append(
      ResidualAddition(
        name: name, skip: skip, branch: branch, result: result,
        dropProbability: dropProbability, layer: randomLayer()))
    return result
  }
}
