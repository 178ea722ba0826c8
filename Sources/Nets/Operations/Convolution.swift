import COneDNN

/// Two-dimensional convolution, in groups of channels where asked, with a bias where asked.
///
/// - Shapes: input `[N, I, H, W]`, weight `[O, I / groups, K, K]`, bias `[O]`, result
///   `[N, O, H', W']`.
struct Convolution: Operation {
  let name: String
  let input: ValueID
  let result: ValueID
  let weight: Int
  let bias: Int?
  let window: Window

  var operands: [ValueID] { [input] }
  var results: [ValueID] { [result] }
  var parameters: [Int] { [weight] + [bias].compactMap { $0 } }

  func plan(_ builder: PlanBuilder) throws -> BackwardPlan? {
    if suitsWinograd(builder) { return try planWinograd(builder) }
    let any = try layouts(builder, hasBias: bias != nil)
    let forward = try forward(any, builder)
    let source = try builder.converted(
      builder.located(input), to: forward.layout(dnnl_query_src_md), layer: name)
    var arguments: [(key: CInt, value: Located)] = [
      (DNNL_ARG_SRC, source),
      (
        DNNL_ARG_WEIGHTS,
        builder.weights(weight, layout: try forward.layout(dnnl_query_weights_md))
      ),
      (DNNL_ARG_DST, builder.define(result, layout: try forward.layout(dnnl_query_dst_md))),
    ]
    if let biases = try biases(builder) { arguments.append((DNNL_ARG_BIAS, biases)) }
    try builder.emit(forward, arguments)
    guard builder.isLearning else { return nil }
    return { builder in
      let gradient = builder.gradient(of: result)
      if builder.learns(anyOf: parameters) {
        try planBackwardWeights(source: source, gradient: gradient, any, forward, builder)
      }
      if builder.needsGradient(input) {
        try planBackwardData(gradient: gradient, any, forward, builder)
      }
    }
  }

  func preferredLayout(of value: ValueID, _ builder: PlanBuilder) throws -> MemoryDescriptor? {
    guard value == input else { return nil }
    if suitsWinograd(builder) {
      return try builder.channelLayout(builder.shape(of: input), block: Self.winogradBlock)
    }
    return try forward(layouts(builder, hasBias: bias != nil), builder).layout(dnnl_query_src_md)
  }

  func layouts(_ builder: PlanBuilder, hasBias: Bool) throws -> Layouts {
    let type = builder.precision.dataType
    return Layouts(
      source: try .any(builder.shape(of: input), type),
      weights: try .any(weightShape(builder), type),
      bias: hasBias ? try .rowMajor([builder.shape(of: result)[1]], dnnl_f32) : nil,
      result: try .any(builder.shape(of: result), type))
  }

  func forward(
    _ any: Layouts, attributes: PrimitiveAttributes? = nil, _ builder: PlanBuilder
  ) throws -> PrimitiveDescriptor {
    try PrimitiveDescriptor.convolutionForward(
      source: any.source, weights: any.weights, bias: any.bias, destination: any.result,
      window: window, attributes: attributes, builder, layer: name)
  }

  /// What oneDNN is asked with: layouts of its choice, except for the bias.
  struct Layouts {
    let source: MemoryDescriptor
    let weights: MemoryDescriptor
    let bias: MemoryDescriptor?
    let result: MemoryDescriptor
  }

  /// The biases as kernels read them; nil where there are none.
  func biases(_ builder: PlanBuilder) throws -> Located? {
    try bias.map {
      builder.weights($0, layout: try .rowMajor(builder.graph.parameters[$0].shape, dnnl_f32))
    }
  }

  private func weightShape(_ builder: PlanBuilder) -> [Int] {
    let specification = builder.graph.parameters[weight]
    return specification.kernelShape ?? specification.shape
  }

  private func planBackwardWeights(
    source: Located, gradient: Located, _ any: Layouts, _ forward: PrimitiveDescriptor,
    _ builder: PlanBuilder
  ) throws {
    // float32 whatever the precision: the sum over the batch and the micro-batches needs it.
    let descriptor = try PrimitiveDescriptor.convolutionBackwardWeights(
      source: any.source, weightsGradient: .any(weightShape(builder), dnnl_f32),
      biasGradient: any.bias, destinationGradient: any.result, window: window, forward: forward,
      builder)
    if usesOwnWeightsGradient(insteadOf: descriptor, builder) {
      return try planDepthwiseWeightsGradient(source: source, gradient: gradient, builder)
    }
    let source = try builder.converted(
      source, to: descriptor.layout(dnnl_query_src_md), layer: name)
    let gradient = try builder.converted(
      gradient, to: descriptor.layout(dnnl_query_diff_dst_md), layer: name)
    let weightsLayout = try descriptor.layout(dnnl_query_diff_weights_md)
    var arguments: [(key: CInt, value: Located)] = [
      (DNNL_ARG_SRC, source), (DNNL_ARG_DIFF_DST, gradient),
      (DNNL_ARG_DIFF_WEIGHTS, builder.gradient(ofParameter: weight, layout: weightsLayout)),
    ]
    if let bias, let layout = any.bias {
      arguments.append((DNNL_ARG_DIFF_BIAS, builder.gradient(ofParameter: bias, layout: layout)))
    }
    try builder.emit(descriptor, arguments)
  }

  private func planBackwardData(
    gradient: Located, _ any: Layouts, _ forward: PrimitiveDescriptor, _ builder: PlanBuilder
  ) throws {
    let descriptor = try PrimitiveDescriptor.convolutionBackwardData(
      sourceGradient: any.source, weights: any.weights, destinationGradient: any.result,
      window: window, forward: forward, builder)
    let gradient = try builder.converted(
      gradient, to: descriptor.layout(dnnl_query_diff_dst_md), layer: name)
    let inputGradient = builder.newBuffer(try descriptor.layout(dnnl_query_diff_src_md))
    let weightsLayout = try descriptor.layout(dnnl_query_weights_md)
    try builder.emit(
      descriptor,
      [
        (DNNL_ARG_DIFF_DST, gradient),
        (DNNL_ARG_WEIGHTS, builder.weights(weight, layout: weightsLayout)),
        (DNNL_ARG_DIFF_SRC, inputGradient),
      ])
    try builder.contribute(inputGradient, to: input, layer: name)
  }
}

extension Graph {
  /// Adds a convolution.
  ///
  /// - Shapes: `[I, H, W]` to `[channels, H', W']`.
  /// - Parameters:
  ///   - groups: groups of channels that do not see each other; I of them make it depthwise. Divides
  ///     I and `channels`.
  ///   - bias: whether each channel has a bias; a batch normalisation that follows makes it useless.
  ///   - weights: how the weights start out; nil: Kaiming-normal over fan-out as torchvision
  ///     initialises most networks (fan-out is channels · kernel² whatever the groups).
  ///   - biases: how the biases start out.
  ///
  /// Adds the parameters `name`.weight `[channels, I / groups, kernel, kernel]` and, with a bias,
  /// `name`.bias `[channels]`.
  public mutating func convolution(
    _ input: ValueID, name: String, channels: Int, kernel: Int, stride: Int = 1, padding: Int = 0,
    groups: Int = 1, bias: Bool = false, weights: Initialization? = nil,
    biases: Initialization = .constant(0)
  ) throws -> ValueID {
    let shape = try spatialShape(of: input, layer: name)
    guard groups > 0, shape.channels % groups == 0, channels % groups == 0 else {
      throw NetsError.shape(
        layer: name,
        problem: "\(groups) groups do not divide \(shape.channels) and \(channels) channels")
    }
    let window = Window(kernel: kernel, stride: stride, padding: padding)
    let size = try window.resultSize(height: shape.height, width: shape.width, layer: name)
    let inputsPerGroup = shape.channels / groups
    let weight = parameter(
      ParameterSpecification(
        name: "\(name).weight", shape: [channels, inputsPerGroup, kernel, kernel],
        kernelShape: groups > 1
          ? [groups, channels / groups, inputsPerGroup, kernel, kernel] : nil,
        decays: true,
        initialization: weights ?? .kaimingNormal(fanOut: channels * kernel * kernel)))
    let bias =
      bias
      ? parameter(
        ParameterSpecification(
          name: "\(name).bias", shape: [channels], decays: false, initialization: biases))
      : nil
    let result = result(shape: [channels, size.height, size.width], of: input)
    append(
      Convolution(
        name: name, input: input, result: result, weight: weight, bias: bias, window: window))
    return result
  }
}
