import COneDNN

/// A nonlinearity.
public enum ActivationFunction: String, Sendable, CaseIterable {
  /// max(x, 0).
  case relu
  /// min(max(x, 0), 6).
  case relu6
  /// x · sigmoid(x), also called swish. Source: S. Elfwing et al., 2017.
  case silu
  /// 1 / (1 + e⁻ˣ).
  case sigmoid
  /// The hyperbolic tangent.
  case tanh
  /// x · Φ(x), Φ the normal distribution: the exact form, by erf. Source: D. Hendrycks and
  /// K. Gimpel, 2016.
  case gelu

  /// As the kernels take it.
  var native: aver_function_t {
    switch self {
    case .relu:
      aver_function_t(algorithm: dnnl_eltwise_relu_use_dst_for_bwd, alpha: 0, beta: 0)
    case .relu6:
      // The second version has no gradient at 6 itself, as in PyTorch.
      aver_function_t(algorithm: dnnl_eltwise_clip_v2_use_dst_for_bwd, alpha: 0, beta: 6)
    case .silu:
      aver_function_t(algorithm: dnnl_eltwise_swish, alpha: 1, beta: 0)
    case .sigmoid:
      aver_function_t(algorithm: dnnl_eltwise_logistic, alpha: 0, beta: 0)
    case .tanh:
      aver_function_t(algorithm: dnnl_eltwise_tanh, alpha: 0, beta: 0)
    case .gelu:
      aver_function_t(algorithm: dnnl_eltwise_gelu_erf, alpha: 0, beta: 0)
    }
  }

  /// As primitives take it that apply it to their result.
  var postOperation: aver_function_t {
    switch self {
    case .relu: aver_function_t(algorithm: dnnl_eltwise_relu, alpha: 0, beta: 0)
    case .relu6: aver_function_t(algorithm: dnnl_eltwise_clip_v2, alpha: 0, beta: 6)
    case .silu, .sigmoid, .tanh, .gelu: native
    }
  }

  /// Whether the gradient is told from the result, so that the argument need not be kept.
  ///
  /// Not for those that saturate: 1 - y of a result that bfloat16 rounded to 1 is no slope.
  var usesResultBackward: Bool {
    switch self {
    case .relu, .relu6: true
    case .silu, .sigmoid, .tanh, .gelu: false
    }
  }
}

/// A nonlinearity, element by element.
///
/// - Shapes: input and result the same, any.
struct Activation: Operation {
  let name: String
  let input: ValueID
  let result: ValueID
  let function: ActivationFunction

  var operands: [ValueID] { [input] }
  var results: [ValueID] { [result] }

  func plan(_ builder: PlanBuilder) throws -> BackwardPlan? {
    let source = builder.located(input)
    let forward = try PrimitiveDescriptor.elementwiseForward(
      function.native, source.layout, builder, layer: name)
    let destination = builder.define(result, layout: source.layout)
    try builder.emit(forward, [(DNNL_ARG_SRC, source), (DNNL_ARG_DST, destination)])
    guard builder.isLearning else { return nil }
    return { builder in
      let layout = source.layout
      let gradient = try builder.converted(
        builder.gradient(of: result), to: layout, layer: name)
      let inputGradient = builder.newBuffer(layout)
      try builder.emit(
        PrimitiveDescriptor.elementwiseBackward(
          function.native, dataGradient: layout, data: layout, forward: forward, builder),
        [
          function.usesResultBackward ? (DNNL_ARG_DST, destination) : (DNNL_ARG_SRC, source),
          (DNNL_ARG_DIFF_DST, gradient), (DNNL_ARG_DIFF_SRC, inputGradient),
        ])
      try builder.contribute(inputGradient, to: input, layer: name)
    }
  }
}

extension Graph {
  /// Adds a nonlinearity.
  ///
  /// - Shapes: any, to the same.
  public mutating func activation(
    _ input: ValueID, name: String, _ function: ActivationFunction
  ) -> ValueID {
    let result = result(shape: shape(of: input), of: input)
    append(Activation(name: name, input: input, result: result, function: function))
    return result
  }
}
