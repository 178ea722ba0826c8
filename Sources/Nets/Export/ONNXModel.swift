/// A network as ONNX describes it: nodes that pass arrays on by name, and the arrays that are constant.
///
/// - Source: ONNX's `onnx.proto` and operator set 17, which ONNX Runtime reads since 1.12.
public struct ONNXModel {
  /// The version of the operators.
  static let operatorSet = 17
  /// The version of the format that came with them.
  static let formatVersion = 8

  /// The graph's name.
  public var name: String
  /// In an order in which every array is there before it is read.
  var nodes: [ONNXNode]
  /// Arrays that are constant, weights above all.
  var initializers: [TensorSource]
  /// What the caller gives.
  var inputs: [ONNXArray]
  /// What the caller gets.
  var outputs: [ONNXArray]
  /// Keys and values that say more of the model than the format does.
  public var metadata: [(key: String, value: String)]

  /// How many nodes there are of each operator.
  public var operatorCounts: [String: Int] {
    nodes.reduce(into: [:]) { $0[$1.operation, default: 0] += 1 }
  }

  /// Names and extents of what the caller gives, `images [batch, 3, 112, 112]`.
  public var inputSummary: [String] { inputs.map(\.summary) }

  /// Names and extents of what the caller gets.
  public var outputSummary: [String] { outputs.map(\.summary) }
}

/// One operation of a model.
struct ONNXNode {
  var operation: String
  /// Unique in the model.
  var name: String
  /// Names of arrays; an empty one for an optional array that is not there.
  var inputs: [String]
  var outputs: [String]
  var attributes: [(name: String, value: ONNXAttribute)]
}

/// A setting of an operation.
public enum ONNXAttribute: Sendable {
  case integer(Int)
  case integers([Int])
  case number(Float)
  case text(String)
}

/// The length of an axis.
enum ONNXExtent {
  case fixed(Int)
  /// Whatever the caller gives, the same wherever the name stands.
  case any(String)
}

/// An array that the caller gives or gets.
struct ONNXArray {
  var name: String
  var type: TensorType
  var shape: [ONNXExtent]
  /// What is in it, for people.
  var documentation: String

  /// Name and extents.
  var summary: String {
    let extents = shape.map { extent in
      switch extent {
      case .fixed(let count): "\(count)"
      case .any(let name): name
      }
    }
    return "\(name) [\(extents.joined(separator: ", "))]"
  }
}

extension TensorType {
  /// The type's number in ONNX's `TensorProto.DataType`.
  public var onnxNumber: Int {
    switch self {
    case .f32: 1
    case .u8: 2
    case .i32: 6
    case .i64: 7
    case .bool: 9
    case .f16: 10
    case .f64: 11
    case .bf16: 16
    }
  }
}
