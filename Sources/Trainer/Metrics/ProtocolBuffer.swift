/// The few field encodings of protocol buffers that events need.
struct ProtocolBuffer {
  private(set) var bytes: [UInt8] = []

  mutating func append(field: Int, integer: Int) {
    // The default is not written, as protoc's encoders do.
    guard integer != 0 else { return }
    append(key: field, wireType: 0)
    append(variable: UInt64(bitPattern: Int64(integer)))
  }

  mutating func append(field: Int, double: Double) {
    append(key: field, wireType: 1)
    withUnsafeBytes(of: double.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func append(field: Int, float: Float) {
    append(key: field, wireType: 5)
    withUnsafeBytes(of: float.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// Numbers without gaps, as lists of numbers are written.
  mutating func append(field: Int, doubles: [Double]) {
    append(key: field, wireType: 2)
    append(variable: UInt64(8 * doubles.count))
    for number in doubles {
      withUnsafeBytes(of: number.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }
  }

  mutating func append(field: Int, bytes content: [UInt8]) {
    append(key: field, wireType: 2)
    append(variable: UInt64(content.count))
    bytes.append(contentsOf: content)
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
