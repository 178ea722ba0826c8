/// A message in protocol buffers' encoding, as far as TensorBoard's events and ONNX models need it.
///
/// - Source: "Encoding", protobuf.dev/programming-guides/encoding.
package struct ProtocolBuffer: Sendable {
  /// The message so far.
  package private(set) var bytes: [UInt8] = []

  /// An empty message.
  package init() {}

  /// Appends a number; 0, the default, is not written, as protoc's encoders do.
  package mutating func append(field: Int, integer: Int) {
    if integer != 0 { append(field: field, given: integer) }
  }

  /// Appends a number, 0 as well: for fields whose presence says something.
  package mutating func append(field: Int, given integer: Int) {
    append(key: field, wireType: 0)
    append(variable: UInt64(bitPattern: Int64(integer)))
  }

  /// Appends a double.
  package mutating func append(field: Int, double: Double) {
    append(key: field, wireType: 1)
    withUnsafeBytes(of: double.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// Appends a float.
  package mutating func append(field: Int, float: Float) {
    append(key: field, wireType: 5)
    withUnsafeBytes(of: float.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// Appends numbers without gaps, as lists of numbers are written.
  package mutating func append(field: Int, doubles: [Double]) {
    append(field: field, byteCount: 8 * doubles.count)
    for number in doubles {
      withUnsafeBytes(of: number.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }
  }

  /// Appends a text.
  package mutating func append(field: Int, text: String) {
    append(field: field, bytes: Array(text.utf8))
  }

  /// Appends a message within this one.
  package mutating func append(field: Int, message: ProtocolBuffer) {
    append(field: field, bytes: message.bytes)
  }

  /// Appends bytes.
  package mutating func append(field: Int, bytes content: [UInt8]) {
    append(field: field, byteCount: content.count)
    bytes.append(contentsOf: content)
  }

  /// Announces bytes that whoever writes the message lets follow: large ones are never in it.
  package mutating func append(field: Int, byteCount: Int) {
    append(key: field, wireType: 2)
    append(variable: UInt64(byteCount))
  }

  private mutating func append(key field: Int, wireType: UInt8) {
    append(variable: UInt64(field) << 3 | UInt64(wireType))
  }

  private mutating func append(variable value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
