/// What is wrong with a weights file or a tensor, and where.
public struct WeightsError: Error, Equatable, CustomStringConvertible {
  /// The cause, with what its message needs.
  public enum Cause: Sendable, Equatable {
    /// A system call failed: its name and the system's text.
    case system(call: String, text: String)
    /// The file has fewer bytes than a header needs, or than the header says.
    case truncated(bytes: Int, needed: Int)
    /// The header's length is beyond what a weights file can need, in bytes.
    case headerTooLong(bytes: UInt64, limit: Int)
    /// The header is not the JSON that the format asks for; `byte` counts from the file's start.
    case malformedHeader(String, byte: Int)
    /// A name of more bytes than the reader takes.
    case nameTooLong(bytes: Int, limit: Int)
    /// More bytes than the machine has memory for.
    case largerThanMemory(bytes: Int, memory: Int)
    /// A name that occurs twice.
    case duplicateName
    /// An element type that this program does not read.
    case unknownType(String)
    /// A shape whose size no memory can hold, or with too many axes.
    case shapeOverflow([Int])
    /// The bytes are not as many as type and shape say; the last number is what there is.
    case sizeMismatch(type: TensorType, shape: [Int], expected: Int, Int)
    /// Offsets that run backwards or leave the file, relative to the end of the header.
    case offsetsOutOfRange(begin: Int, end: Int, dataBytes: Int)
    /// The tensor does not begin where the one before it ends.
    case gapOrOverlap(begin: Int, expected: Int)
    /// Bytes after the last tensor.
    case trailingBytes(Int)
    /// No tensor of this name.
    case missingTensor
    /// A tensor of another type than its use needs.
    case wrongType(TensorType, wanted: String)
    /// A tensor of another shape than its use needs.
    case wrongShape([Int], wanted: [Int])
    /// A tensor that nothing uses.
    case unexpectedTensor
  }

  /// The file's path, empty for a tensor that is in no file.
  public var file: String
  /// The tensor's name, where one is to blame.
  public var tensor: String?
  /// What is wrong.
  public var cause: Cause

  /// An error about `file` and, where one is to blame, `tensor`.
  public init(file: String = "", tensor: String? = nil, _ cause: Cause) {
    self.file = file
    self.tensor = tensor
    self.cause = cause
  }

  /// The file, the tensor, what is wrong and, where there is one, the fix; one line.
  public var description: String {
    let place = [file.isEmpty ? nil : file, tensor.map { "tensor \($0.debugDescription)" }]
    return (place.compactMap(\.self) + [cause.message]).joined(separator: ": ")
  }
}

extension WeightsError.Cause {
  fileprivate var message: String {
    switch self {
    case .system(let call, let text):
      "\(call) failed: \(text)"
    case .truncated(let bytes, let needed):
      "the file has \(bytes) bytes and needs \(needed); it was cut off, copy or write it again"
    case .headerTooLong(let bytes, let limit):
      "the header claims \(bytes) bytes, more than \(limit); this is no safetensors file"
    case .malformedHeader(let problem, let byte):
      "malformed header at byte \(byte): \(problem)"
    default:
      tensorMessage
    }
  }

  private var tensorMessage: String {
    switch self {
    case .nameTooLong(let bytes, let limit):
      "the name has \(bytes) bytes, more than \(limit)"
    case .largerThanMemory(let bytes, let memory):
      "\(bytes) bytes of data are more than the \(memory) bytes of this machine's memory"
    case .duplicateName: "the name occurs twice"
    case .unknownType(let name):
      "element type \(name.debugDescription) is not one of "
        + TensorType.allCases.map(\.rawValue).joined(separator: ", ")
    case .shapeOverflow(let shape): "shape \(shape.prefix(8)) is larger than any memory"
    case .sizeMismatch(let type, let shape, let expected, let actual):
      "\(type.rawValue) of shape \(shape) needs \(expected) bytes and has \(actual)"
    case .missingTensor: "there is no tensor of this name"
    case .wrongType(let type, let wanted): "the element type is \(type.rawValue), not \(wanted)"
    case .wrongShape(let shape, let wanted): "the shape is \(shape), not \(wanted)"
    case .unexpectedTensor: "the model has no parameter of this name"
    default: offsetMessage
    }
  }

  private var offsetMessage: String {
    switch self {
    case .offsetsOutOfRange(let begin, let end, let dataBytes):
      "offsets \(begin) ..< \(end) do not lie within the file's \(dataBytes) bytes of data"
    case .gapOrOverlap(let begin, let expected):
      begin > expected
        ? "begins at offset \(begin) and leaves a gap after \(expected)"
        : "begins at offset \(begin), inside the tensor that ends at \(expected)"
    case .trailingBytes(let count): "\(count) bytes follow the last tensor"
    default: ""
    }
  }
}
