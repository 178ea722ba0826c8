import Foundation
import ProtocolBuffers

extension ONNXModel {
  /// Protocol buffers, and with them files of one piece, end here.
  private static let byteLimit = Int(Int32.max)

  /// Writes the model to `path`, replacing what is there. One weight at a time is in memory.
  ///
  /// Readers of a file that is being written see half of it: write beside and rename where that matters.
  ///
  /// - Throws: `NetsError.notExportable` for a model of 2 GiB or more; `WeightsError` where writing fails,
  ///   and what making a tensor's bytes throws; nothing is left at `path` then.
  public func write(to path: String) throws {
    let parts = try encoded()
    let file = try FileDescriptor(writing: path)
    do {
      for part in parts { try file.write(part.content()) }
      try file.synchronise()
      try file.close()
    } catch {
      unlink(path)
      throw error
    }
  }

  /// Bytes of the file.
  ///
  /// - Throws: `NetsError.notExportable` for a model of 2 GiB or more.
  public func byteCount() throws -> Int { try encoded().byteCount }

  /// The file in the order of its bytes.
  private func encoded() throws -> [EncodedPart] {
    let graph = try graphParts()
    var head = ProtocolBuffer()
    head.append(field: 1, integer: Self.formatVersion)
    head.append(field: 2, text: "AVER")
    head.append(field: 7, byteCount: graph.byteCount)
    var tail = ProtocolBuffer()
    var operators = ProtocolBuffer()
    operators.append(field: 1, text: "")
    operators.append(field: 2, integer: Self.operatorSet)
    tail.append(field: 8, message: operators)
    for (key, value) in metadata {
      var entry = ProtocolBuffer()
      entry.append(field: 1, text: key)
      entry.append(field: 2, text: value)
      tail.append(field: 14, message: entry)
    }
    let parts = [.bytes(head.bytes)] + graph + [.bytes(tail.bytes)]
    guard parts.byteCount <= Self.byteLimit else {
      throw NetsError.notExportable(
        layer: name,
        reason: "the model would have \(parts.byteCount >> 20) MiB, and ONNX files have less than "
          + "2 GiB; use safetensors")
    }
    return parts
  }

  private func graphParts() throws -> [EncodedPart] {
    var head = ProtocolBuffer()
    for node in nodes { head.append(field: 1, message: node.encoded) }
    head.append(field: 2, text: name)
    var tail = ProtocolBuffer()
    for input in inputs { tail.append(field: 11, message: input.encoded) }
    for output in outputs { tail.append(field: 12, message: output.encoded) }
    return try [.bytes(head.bytes)] + initializers.flatMap(Self.parts) + [.bytes(tail.bytes)]
  }

  /// A constant array, whose elements are made when they are written.
  private static func parts(of source: TensorSource) throws -> [EncodedPart] {
    let description = source.description
    guard let byteCount = description.byteCount else {
      throw WeightsError(tensor: description.name, .shapeOverflow(description.shape))
    }
    var tensor = ProtocolBuffer()
    for extent in description.shape { tensor.append(field: 1, given: extent) }
    tensor.append(field: 2, integer: description.type.onnxNumber)
    tensor.append(field: 8, text: description.name)
    tensor.append(field: 9, byteCount: byteCount)
    var head = ProtocolBuffer()
    head.append(field: 5, byteCount: tensor.bytes.count + byteCount)
    return [.bytes(head.bytes + tensor.bytes), .tensor(source, byteCount)]
  }
}

/// A part of a file.
private enum EncodedPart {
  case bytes([UInt8])
  case tensor(TensorSource, Int)

  func content() throws -> [UInt8] {
    switch self {
    case .bytes(let bytes): bytes
    case .tensor(let source, _): try source.tensor().bytes
    }
  }

  var byteCount: Int {
    switch self {
    case .bytes(let bytes): bytes.count
    case .tensor(_, let count): count
    }
  }
}

extension [EncodedPart] {
  fileprivate var byteCount: Int { reduce(0) { $0 + $1.byteCount } }
}

extension ONNXNode {
  fileprivate var encoded: ProtocolBuffer {
    var node = ProtocolBuffer()
    for input in inputs { node.append(field: 1, text: input) }
    for output in outputs { node.append(field: 2, text: output) }
    node.append(field: 3, text: name)
    node.append(field: 4, text: operation)
    for (name, value) in attributes { node.append(field: 5, message: value.encoded(name)) }
    return node
  }
}

extension ONNXAttribute {
  /// `AttributeProto.AttributeType`
  private var kind: Int {
    switch self {
    case .number: 1
    case .integer: 2
    case .text: 3
    case .integers: 7
    }
  }

  fileprivate func encoded(_ name: String) -> ProtocolBuffer {
    var attribute = ProtocolBuffer()
    attribute.append(field: 1, text: name)
    switch self {
    case .number(let value): attribute.append(field: 2, float: value)
    case .integer(let value): attribute.append(field: 3, given: value)
    case .text(let value): attribute.append(field: 4, text: value)
    case .integers(let values): for value in values { attribute.append(field: 8, given: value) }
    }
    attribute.append(field: 20, integer: kind)
    return attribute
  }
}

extension ONNXArray {
  fileprivate var encoded: ProtocolBuffer {
    var extents = ProtocolBuffer()
    for extent in shape {
      var dimension = ProtocolBuffer()
      switch extent {
      case .fixed(let count): dimension.append(field: 1, given: count)
      case .any(let name): dimension.append(field: 2, text: name)
      }
      extents.append(field: 1, message: dimension)
    }
    var tensor = ProtocolBuffer()
    tensor.append(field: 1, integer: type.onnxNumber)
    tensor.append(field: 2, message: extents)
    var type = ProtocolBuffer()
    type.append(field: 1, message: tensor)
    var array = ProtocolBuffer()
    array.append(field: 1, text: name)
    array.append(field: 2, message: type)
    array.append(field: 3, text: documentation)
    return array
  }
}
