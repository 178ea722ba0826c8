import COneDNN

/// Maximum over a sliding window.
///
/// - Shapes: input `[N, C, H, W]`, result `[N, C, H', W']`.
struct MaximumPooling: Operation {
  let name: String
  let input: ValueID
  let result: ValueID
  let window: Window

  var operands: [ValueID] { [input] }
  var results: [ValueID] { [result] }

  func plan(_ builder: PlanBuilder) throws -> BackwardPlan? {
    let source = builder.located(input)
    let forward = try PrimitiveDescriptor.poolingForward(
      dnnl_pooling_max, source: source.layout,
      destination: .any(builder.shape(of: result), builder.precision.dataType),
      window: window.native, builder, layer: name)
    let destination = builder.define(
      result, layout: try forward.layout(dnnl_query_dst_md))
    // The workspace holds which element of each window was the maximum.
    let workspace = try forward.optionalLayout(dnnl_query_workspace_md).map {
      builder.newBuffer($0)
    }
    try builder.emit(
      forward,
      [(DNNL_ARG_SRC, source), (DNNL_ARG_DST, destination)]
        + (workspace.map { [(DNNL_ARG_WORKSPACE, $0)] } ?? []))
    guard builder.isLearning else { return nil }
    return { builder in
      try planPoolingBackward(
        dnnl_pooling_max, gradient: builder.gradient(of: result), source: source,
        destination: destination, workspace: workspace, window: window.native, input: input,
        forward, builder)
    }
  }
}

/// Mean over height and width.
///
/// - Shapes: input `[N, C, H, W]`, result `[N, C]`.
struct GlobalAveragePooling: Operation {
  let name: String
  let input: ValueID
  let result: ValueID

  var operands: [ValueID] { [input] }
  var results: [ValueID] { [result] }

  func plan(_ builder: PlanBuilder) throws -> BackwardPlan? {
    let source = builder.located(input)
    let shape = builder.shape(of: input)
    let pooledShape = [shape[0], shape[1], 1, 1]
    var window = aver_window_t()
    window.kernel = (Int64(shape[2]), Int64(shape[3]))
    window.strides = (1, 1)
    let forward = try PrimitiveDescriptor.poolingForward(
      dnnl_pooling_avg_exclude_padding, source: source.layout,
      destination: .any(pooledShape, builder.precision.dataType), window: window, builder,
      layer: name)
    let pooled = builder.newBuffer(try forward.layout(dnnl_query_dst_md))
    try builder.emit(forward, [(DNNL_ARG_SRC, source), (DNNL_ARG_DST, pooled)])
    let type = builder.precision.dataType
    // Row-major [N, C, 1, 1] and [N, C] are the same bytes.
    let plain = try MemoryDescriptor.rowMajor(pooledShape, type)
    let flat = try MemoryDescriptor.rowMajor([shape[0], shape[1]], type)
    let row = try builder.converted(pooled, to: plain, layer: name)
    builder.define(result, as: Located(layout: flat, place: row.place))
    guard builder.isLearning else { return nil }
    return { builder in
      let gradient = try builder.converted(builder.gradient(of: result), to: flat, layer: name)
      try planPoolingBackward(
        dnnl_pooling_avg_exclude_padding,
        gradient: Located(layout: plain, place: gradient.place), source: source,
        destination: pooled, workspace: nil, window: window, input: input, forward, builder)
    }
  }
}

func planPoolingBackward(
  _ algorithm: dnnl_alg_kind_t, gradient: Located, source: Located, destination: Located,
  workspace: Located?, window: aver_window_t, input: ValueID, _ forward: PrimitiveDescriptor,
  _ builder: PlanBuilder
) throws {
  let descriptor = try PrimitiveDescriptor.poolingBackward(
    algorithm, sourceGradient: source.layout, destinationGradient: destination.layout,
    window: window, forward: forward, builder)
  let gradient = try builder.converted(gradient, to: destination.layout, layer: forward.layer)
  let inputGradient = builder.newBuffer(source.layout)
  try builder.emit(
    descriptor,
    [(DNNL_ARG_DIFF_DST, gradient), (DNNL_ARG_DIFF_SRC, inputGradient)]
      + (workspace.map { [(DNNL_ARG_WORKSPACE, $0)] } ?? []))
  try builder.contribute(inputGradient, to: input, layer: forward.layer)
}

extension Graph {
  /// Adds a maximum pooling.
  ///
  /// - Shapes: `[C, H, W]` to `[C, H', W']`.
  public mutating func maximumPooling(
    _ input: ValueID, name: String, kernel: Int, stride: Int, padding: Int
  ) throws -> ValueID {
    let window = Window(kernel: kernel, stride: stride, padding: padding)
    let result = try pooled(input, window: window, name: name)
    append(MaximumPooling(name: name, input: input, result: result, window: window))
    return result
  }

  /// A value for the result of sliding a window over another.
  ///
  /// - Throws: `NetsError.shape` where a window could lie in the padding altogether.
  mutating func pooled(_ input: ValueID, window: Window, name: String) throws -> ValueID {
    let shape = try spatialShape(of: input, layer: name)
    guard 2 * window.padding <= window.kernel else {
      throw NetsError.shape(
        layer: name,
        problem: "padding \(window.padding) is more than half of the window of "
          + "\(window.kernel) px")
    }
    let size = try window.resultSize(height: shape.height, width: shape.width, layer: name)
    return result(shape: [shape.channels, size.height, size.width], of: input)
  }

  /// Adds the mean over height and width.
  ///
  /// - Shapes: `[C, H, W]` to `[C]`.
  public mutating func globalAveragePooling(_ input: ValueID, name: String) throws -> ValueID {
    let shape = try spatialShape(of: input, layer: name)
    let result = result(shape: [shape.channels], of: input)
    append(GlobalAveragePooling(name: name, input: input, result: result))
    return result
  }
}
