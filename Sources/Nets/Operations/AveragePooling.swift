import COneDNN

/// Mean over a sliding window; zeros that were added around the image count, as by PyTorch's default.
///
/// - Shapes: input `[N, C, H, W]`, result `[N, C, H', W']`.
struct AveragePooling: Operation {
  let name: String
  let input: ValueID
  let result: ValueID
  let window: aver_window_t

  var operands: [ValueID] { [input] }
  var results: [ValueID] { [result] }

  func plan(_ builder: PlanBuilder) throws -> BackwardPlan? {
    let source = builder.located(input)
    let forward = try PrimitiveDescriptor.poolingForward(
      dnnl_pooling_avg_include_padding, source: source.layout,
      destination: .any(builder.shape(of: result), builder.precision.dataType), window: window,
      builder, layer: name)
    let destination = builder.define(result, layout: try forward.layout(dnnl_query_dst_md))
    try builder.emit(forward, [(DNNL_ARG_SRC, source), (DNNL_ARG_DST, destination)])
    guard builder.isLearning else { return nil }
    return { builder in
      try planPoolingBackward(
        dnnl_pooling_avg_include_padding, gradient: builder.gradient(of: result), source: source,
        destination: destination, workspace: nil, window: window, input: input, forward, builder)
    }
  }
}

extension Graph {
  /// Adds an average pooling.
  ///
  /// - Shapes: `[C, H, W]` to `[C, H', W']`.
  public mutating func averagePooling(
    _ input: ValueID, name: String, kernel: Int, stride: Int, padding: Int = 0
  ) throws -> ValueID {
    let window = Window(kernel: kernel, stride: stride, padding: padding)
    let result = try pooled(input, window: window, name: name)
    append(AveragePooling(name: name, input: input, result: result, window: window.native))
    return result
  }

  /// Adds means over bins that cover the image, so that the result has a given size.
  ///
  /// Along an axis of n pixels, element i of m covers pixels ⌊i·n/m⌋ to ⌈(i+1)·n/m⌉, the last not
  /// included. Where m does not divide n, bins overlap.
  ///
  /// - Shapes: `[C, H, W]` to `[C, height, width]`.
  /// - Source: PyTorch's `adaptive_avg_pool2d`.
  public mutating func adaptiveAveragePooling(
    _ input: ValueID, name: String, height: Int, width: Int
  ) throws -> ValueID {
    let shape = try spatialShape(of: input, layer: name)
    guard height > 0, width > 0 else {
      throw NetsError.shape(layer: name, problem: "cannot pool to \(height)x\(width) px")
    }
    let result = result(shape: [shape.channels, height, width], of: input)
    guard shape.height % height == 0, shape.width % width == 0 else {
      append(AdaptiveAveragePooling(name: name, input: input, result: result))
      return result
    }
    // Bins of one size, side by side: oneDNN has a kernel for those.
    let bin = (Int64(shape.height / height), Int64(shape.width / width))
    append(
      AveragePooling(
        name: name, input: input, result: result,
        window: aver_window_t(
          kernel: bin, strides: bin, dilates: (0, 0), padding_begin: (0, 0), padding_end: (0, 0))))
    return result
  }
}
