import COneDNN

/// A convolution with what follows it, where no gradient passes: f(normalised convolution + addend).
///
/// Everything is added in float32 and rounded once.
///
/// - Shapes: as the convolution's; addend and result `[N, O, H', W']`.
struct FusedConvolution: Operation {
  let convolution: Convolution
  /// By its running statistics.
  var normalization: BatchNormalization?
  var addend: ValueID?
  /// f; nil for none.
  var function: ActivationFunction?
  var result: ValueID

  var name: String { convolution.name }
  var operands: [ValueID] { convolution.operands + [addend].compactMap { $0 } }
  var results: [ValueID] { [result] }
  var parameters: [Int] { convolution.parameters + (normalization?.parameters ?? []) }

  func plan(_ builder: PlanBuilder) throws -> BackwardPlan? {
    precondition(!builder.isLearning, "what is added up and folded in has no gradient")
    if usesWinograd(builder) { try planWinograd(builder) } else { try planLibrary(builder) }
    return nil
  }

  func preferredLayout(of value: ValueID, _ builder: PlanBuilder) throws -> MemoryDescriptor? {
    if usesWinograd(builder) { return try convolution.preferredLayout(of: value, builder) }
    return value == convolution.input ? try forward(builder).layout(dnnl_query_src_md) : nil
  }

  private func usesWinograd(_ builder: PlanBuilder) -> Bool {
    (function == nil || function == .relu) && convolution.suitsWinograd(builder)
  }

  private func planWinograd(_ builder: PlanBuilder) throws {
    let folded = try folded(builder)
    try convolution.planWinogradInference(
      builder,
      ending: WinogradEnding(
        factors: folded.factors, biases: folded.biases, addend: addend, relu: function == .relu),
      result: result)
  }

  private func planLibrary(_ builder: PlanBuilder) throws {
    let forward = try forward(builder)
    let source = try builder.converted(
      builder.located(convolution.input), to: forward.layout(dnnl_query_src_md), layer: name)
    let folded = try folded(builder)
    let weights = try builder.weights(
      convolution.weight, times: folded.factors, layout: forward.layout(dnnl_query_weights_md))
    let destination = try destination(
      forward.layout(dnnl_query_dst_md), source: source, builder)
    var arguments: [(key: CInt, value: Located)] = [
      (DNNL_ARG_SRC, source), (DNNL_ARG_WEIGHTS, weights), (DNNL_ARG_DST, destination),
    ]
    if let biases = folded.biases { arguments.append((DNNL_ARG_BIAS, biases)) }
    try builder.emit(forward, arguments)
  }

  private func forward(_ builder: PlanBuilder) throws -> PrimitiveDescriptor {
    let hasBias = normalization != nil || convolution.bias != nil
    return try convolution.forward(
      convolution.layouts(builder, hasBias: hasBias),
      attributes: PrimitiveAttributes(adds: addend != nil, function: function), builder)
  }

  /// The array of the result. With an addend it holds that first: oneDNN adds to what is there.
  private func destination(
    _ layout: MemoryDescriptor, source: Located, _ builder: PlanBuilder
  ) throws -> Located {
    guard let addend else { return builder.define(result, layout: layout) }
    let located = builder.located(addend)
    if case .buffer = located.place, located.layout.isEqual(to: layout),
      located.place != source.place.whole, !builder.isReadLater(located)
    {
      builder.define(result, overwriting: located)
      return located
    }
    let copy = try builder.copy(located, to: layout, layer: name)
    builder.define(result, as: copy)
    return copy
  }

  /// What the weights are multiplied by and what is added, by output channel.
  private func folded(_ builder: PlanBuilder) throws -> (factors: Located?, biases: Located?) {
    let bias = try convolution.biases(builder)
    guard let normalization else { return (nil, bias) }
    return try builder.folded(normalization, after: bias)
  }
}
