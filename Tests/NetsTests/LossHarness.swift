import COneDNN
import TestSupport

@testable import Nets

/// Runs one loss as a plan of its own: a prediction and named inputs in; what it reports and the
/// gradient of the prediction out.
struct LossHarness {
  struct Result {
    /// What the step reports, by name.
    var metrics: [String: Double]
    /// Of the prediction, row-major.
    var gradient: [Float]
  }

  /// Of the prediction that the loss is given.
  var precision = Precision.f32

  /// - Parameters:
  ///   - prediction: row-major, with the batch.
  ///   - inputs: by name; those with fewer rows than the prediction have one for several of its.
  ///   - addLoss: is given the prediction and the inputs by name.
  func run(
    prediction: Tensor, inputs: [String: Tensor], lossScale: Float = 1,
    addLoss: (inout Graph, ValueID, [String: ValueID]) throws -> Void
  ) throws -> Result {
    try Engine.configure(threads: 1)
    let batch = prediction.shape[0]
    var graph = Graph()
    let scored = graph.input(shape: Array(prediction.shape.dropFirst()))
    var values: [String: ValueID] = [:]
    for (name, input) in inputs {
      values[name] = graph.input(
        name, input.type == .f32 ? .floats : .integers, shape: Array(input.shape.dropFirst()),
        rows: .onePer(samples: batch / input.shape[0]))
    }
    try addLoss(&graph, scored, values)
    let builder = try PlanBuilder(
      graph: graph, batch: batch, precision: precision, isTraining: true, device: KernelDevice())
    let plain = try MemoryDescriptor.rowMajor(prediction.shape, dnnl_f32)
    let raw = builder.newBuffer(plain)
    builder.keep(raw)
    builder.define(
      scored,
      as: try builder.converted(
        raw, to: .rowMajor(prediction.shape, precision.dataType), layer: "prediction"))
    try builder.build()
    let gradient = try builder.converted(
      builder.gradient(of: scored), to: plain, layer: "gradient")
    builder.keep(gradient)
    let plan = try CompiledPlan(
      builder, parameters: ParameterStore(trainedBy: builder), slotCount: 1)
    _ = plan.floats(raw).update(fromContentsOf: prediction.floats())
    // What an earlier run left must not show.
    plan.floats(gradient).update(repeating: .nan)
    plan.slot(0).update(repeating: .nan)
    for (name, input) in inputs where input.type == .f32 {
      _ = try plan.input(name, as: Float.self).update(fromContentsOf: input.floats())
    }
    for (name, input) in inputs where input.type != .f32 {
      _ = try plan.input(name, as: Int32.self).update(
        fromContentsOf: input.integers().map(Int32.init))
    }
    try plan.run(slot: 0, lossScale: lossScale)
    let slot = plan.slot(0)
    return Result(
      metrics: Dictionary(
        uniqueKeysWithValues: plan.slotLayout.metrics.map { ($0.name, $0.value(in: slot)) }),
      gradient: Array(plan.floats(gradient)))
  }
}
