/// A head that places faces so that like expressions are close: linear → ReLU → linear, scaled to
/// length 1.
///
/// Its parameters are those of `torch.nn.Sequential(Linear, ReLU, Linear)` named `embedding`:
/// `embedding.0.weight`, `embedding.0.bias`, `embedding.2.weight` and `embedding.2.bias`. Without the
/// hidden layer there is `embedding.0` alone.
///
/// - Source: R. Vemulapalli and A. Agarwala, "A compact embedding for facial expression similarity",
///   CVPR 2019, who found 16 dimensions to be enough.
public struct ExpressionEmbedding: Sendable, Equatable {
  /// Features of the hidden layer; nil for none.
  public var hidden: Int?
  /// Whether a ReLU follows the hidden layer.
  public var relu: Bool
  /// Length of the embedding.
  public var dimensions: Int

  /// A head; the defaults are the paper's.
  public init(hidden: Int? = 512, relu: Bool = true, dimensions: Int = 16) {
    self.hidden = hidden
    self.relu = relu
    self.dimensions = dimensions
  }
}

extension Graph {
  /// Adds the head to a backbone's features.
  ///
  /// - Shapes: `[F]` to `[head.dimensions]`, of length 1, float32.
  /// - Parameter name: before the parameters' names.
  /// - Throws: `NetsError.shape`.
  public mutating func expressionEmbedding(
    _ features: ValueID, _ head: ExpressionEmbedding, name: String = "embedding"
  ) throws -> ValueID {
    guard head.dimensions > 0, head.hidden ?? 1 > 0 else {
      throw NetsError.shape(layer: name, problem: "needs at least one feature in each layer")
    }
    var value = features
    if let hidden = head.hidden {
      value = try linear(value, name: "\(name).0", features: hidden)
      if head.relu { value = activation(value, name: "\(name).1", .relu) }
    }
    value = try linear(
      value, name: head.hidden == nil ? "\(name).0" : "\(name).2", features: head.dimensions)
    return try normalization(value, name: "\(name).normalization")
  }
}
