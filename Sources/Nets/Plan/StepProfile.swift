import COneDNN

/// What a step of a plan is.
struct StepLabel {
  /// torchvision's name of the layer.
  let layer: String
  /// The kind of primitive, or the type of our kernel.
  let operation: String
  /// What is told of its arrays: the shapes of result and weights, or of the first operand.
  let shape: [Int]
  /// oneDNN's name of the implementation.
  let implementation: String
  /// Floating-point operations, where these decide how long it takes.
  let operations: Double?

  /// The label with the name of our kernel where it has none.
  func named(_ kernel: String?) -> StepLabel {
    StepLabel(
      layer: layer, operation: operation.isEmpty ? kernel ?? "" : operation, shape: shape,
      implementation: implementation, operations: operations)
  }
}

/// How long a step of a plan takes.
public struct StepProfile: Sendable {
  /// torchvision's name of the layer.
  public let layer: String
  /// The kind of primitive, or of our kernel.
  public let operation: String
  /// Shape of the result (of its gradient in a backward step); weights follow those that have them.
  public let shape: [Int]
  /// oneDNN's name of the implementation; `aver` for our own.
  public let implementation: String
  /// Floating-point operations; nil where memory decides.
  public private(set) var operations: Double?
  /// Mean time of one run, in seconds.
  public private(set) var seconds: Double

  init(_ label: StepLabel, seconds: Double) {
    layer = label.layer
    operation = label.operation
    shape = label.shape
    implementation = label.implementation
    operations = label.operations
    self.seconds = seconds
  }

  /// The step `count` times.
  func times(_ count: Int) -> StepProfile {
    var all = self
    all.operations = operations.map { $0 * Double(count) }
    all.seconds *= Double(count)
    return all
  }
}

extension PrimitiveDescriptor {
  /// What profiles say about the primitive.
  func label() throws -> StepLabel {
    func layout(_ candidates: dnnl_query_t...) throws -> MemoryDescriptor? {
      for query in candidates {
        if let found = try optionalLayout(query) { return found }
      }
      return nil
    }
    let result = try layout(dnnl_query_diff_dst_md, dnnl_query_dst_md)?.shape ?? []
    let weights = try layout(dnnl_query_diff_weights_md, dnnl_query_weights_md)?.shape ?? []
    let isProduct = operation.hasPrefix("convolution") || operation.hasPrefix("innerProduct")
    return StepLabel(
      layer: layer, operation: operation, shape: isProduct ? result + weights : result,
      implementation: implementation,
      operations: isProduct ? Self.operations(result: result, weights: weights) : nil)
  }

  /// A multiplication and an addition for each element of the result and each weight of its channel.
  private static func operations(result: [Int], weights: [Int]) -> Double {
    // Grouped weights have the groups in front of the channels.
    let channels = weights.count > result.count ? weights.prefix(2) : weights.prefix(1)
    let weightsOfChannel = weights.reduce(1, *) / max(1, channels.reduce(1, *))
    return 2 * Double(result.reduce(1, *)) * Double(weightsOfChannel)
  }
}
