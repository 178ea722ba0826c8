/// A graph with losses of which everything but its memory has been planned: known is how long a gradient vector is,
/// and the caller may say where the first lies.
public struct TrainingPlanDraft {
  /// Where things lie in a slot.
  public let slotLayout: SlotLayout

  let builder: PlanBuilder
  let parameters: ParameterStore
  let microBatch: Int

  /// Plans a graph: as `TrainingPlan.init(graph:microBatch:precision:gradientSlots:pixels:)`.
  ///
  /// - Throws: `NetsError` where the graph has no loss or does not fit its input, oneDNN refuses
  ///   or memory lacks.
  public init(
    graph: Graph, microBatch: Int, precision: Precision, pixels: PixelFormat.Choice = .plain
  ) throws {
    guard graph.operations.contains(where: { $0 is any Loss }) else {
      throw NetsError.shape(layer: "the network", problem: "has no loss to be trained with")
    }
    builder = try PlanBuilder(
      graph: InferenceFusion.rewritingFrozenParts(of: graph), batch: microBatch,
      precision: precision, isTraining: true, pixels: pixels, device: KernelDevice())
    try builder.build()
    parameters = try ParameterStore(trainedBy: builder)
    slotLayout = SlotLayout(builder, parameters)
    self.microBatch = microBatch
  }
}
