/// A tensor whose bytes are made where they are wanted: a file of many is written, or a part of it
/// copied, without all of them in memory a second time.
public struct TensorSource {
  /// Name, type and shape.
  public let description: TensorDescription
  private let fill: (UnsafeMutableRawBufferPointer) throws -> Void

  /// A tensor of a description.
  ///
  /// - Parameter fill: writes the elements, row-major and little-endian, to memory of as many bytes,
  ///   aligned for an element.
  public init(
    _ description: TensorDescription, fill: @escaping (UnsafeMutableRawBufferPointer) throws -> Void
  ) {
    self.description = description
    self.fill = fill
  }

  /// A tensor that is in memory.
  public init(_ tensor: Tensor) {
    description = TensorDescription(name: tensor.name, type: tensor.type, shape: tensor.shape)
    fill = { $0.copyBytes(from: tensor.bytes) }
  }

  /// The same under another name.
  public func renamed(_ name: String) -> TensorSource {
    TensorSource(description.renamed(name), fill: fill)
  }

  /// The tensor, in memory.
  ///
  /// - Throws: `WeightsError` for a shape that no memory holds; what making the bytes throws.
  public func tensor() throws -> Tensor {
    guard let count = description.byteCount else {
      throw WeightsError(tensor: description.name, .shapeOverflow(description.shape))
    }
    var bytes = [UInt8](repeating: 0, count: count)
    try bytes.withUnsafeMutableBytes { try fill($0) }
    return try Tensor(
      name: description.name, type: description.type, shape: description.shape, bytes: bytes)
  }

  /// Copies the bytes of `range`, counted from the tensor's first.
  func copy(_ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
    if range.count == description.byteCount { return try fill(buffer) }
    let whole = try tensor().bytes
    buffer.copyBytes(from: whole[range])
  }
}

extension TensorDescription {
  /// Bytes of the tensor; nil where an extent is negative or the product exceeds `Int`.
  var byteCount: Int? { Tensor.byteCount(type: type, shape: shape) }
}
