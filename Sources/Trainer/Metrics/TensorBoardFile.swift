import Foundation

/// A TensorBoard event file: TFRecord framing around hand-encoded `Event` messages with scalars.
///
/// - Source: tensorflow/core/util/event.proto, summary.proto and tensorflow/core/lib/io/record_writer.h.
final class TensorBoardFile {
  private let path: String
  private let file: CInt

  /// Creates `events.out.tfevents.…` in `folder`.
  ///
  /// - Parameter step: the first step that is written to the file; where it is not 0, TensorBoard is
  ///   told to forget what earlier files have from there on.
  init(folder: String, firstStep step: Int, host: String, date: Date = Date()) throws {
    let process = ProcessInfo.processInfo.processIdentifier
    let seconds = Int(date.timeIntervalSince1970)
    path = "\(folder)/events.out.tfevents.\(seconds).\(host).\(process).0"
    file = try systemCall("open", path) { [path] in
      open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    }
    try append(EventMessage(date: date, step: 0, content: .fileVersion("brain.Event:2")))
    if step > 0 { try append(EventMessage(date: date, step: step, content: .sessionStart)) }
  }

  deinit { close(file) }

  /// Appends the numbers of a record, as `training/loss` and so on.
  func append(_ record: MetricsRecord, date: Date = Date()) throws {
    let scalars = record.values.compactMap { name, value in
      value.number.map { (tag: "\(record.split.rawValue)/\(name)", value: Float($0)) }
    }
    try append(EventMessage(date: date, step: record.step, content: .scalars(scalars)))
  }

  private func append(_ message: EventMessage) throws {
    try DurableFiles.writeAll(TensorFlowRecord.frame(message.encoded), to: file, path: path)
  }
}

/// An `Event` of TensorFlow's protocol.
struct EventMessage {
  enum Content {
    case fileVersion(String)
    case sessionStart
    case scalars([(tag: String, value: Float)])
  }

  var date: Date
  var step: Int
  var content: Content

  /// The message in protocol-buffer encoding.
  var encoded: [UInt8] {
    var event = ProtocolBuffer()
    event.append(field: 1, double: date.timeIntervalSince1970)
    event.append(field: 2, integer: step)
    switch content {
    case .fileVersion(let version): event.append(field: 3, bytes: Array(version.utf8))
    case .scalars(let scalars): event.append(field: 5, bytes: Self.summary(scalars))
    case .sessionStart:
      var session = ProtocolBuffer()
      session.append(field: 1, integer: 1)
      event.append(field: 7, bytes: session.bytes)
    }
    return event.bytes
  }

  private static func summary(_ scalars: [(tag: String, value: Float)]) -> [UInt8] {
    var summary = ProtocolBuffer()
    for (tag, number) in scalars {
      var value = ProtocolBuffer()
      value.append(field: 1, bytes: Array(tag.utf8))
      value.append(field: 2, float: number)
      summary.append(field: 1, bytes: value.bytes)
    }
    return summary.bytes
  }
}

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

/// The framing of TFRecord files: length, its checksum, data, its checksum.
enum TensorFlowRecord {
  static func frame(_ data: [UInt8]) -> [UInt8] {
    let length = withUnsafeBytes(of: UInt64(data.count).littleEndian) { [UInt8]($0) }
    return length + masked(length) + data + masked(data)
  }

  /// The masked CRC-32C, little-endian: masked so that a checksum over checksums stays one.
  private static func masked(_ data: [UInt8]) -> [UInt8] {
    let checksum = CRC32C.checksum(of: data)
    let rotated = checksum >> 15 | checksum << 17
    return withUnsafeBytes(of: (rotated &+ 0xA282_EAD8).littleEndian) { [UInt8]($0) }
  }
}

/// The CRC of Castagnoli's polynomial.
///
/// - Source: RFC 3720, appendix B.4.
enum CRC32C {
  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in
      value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1
    }
  }

  static func checksum(of bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { value, byte in
      table[Int(UInt8(truncatingIfNeeded: value) ^ byte)] ^ value >> 8
    }
  }
}
