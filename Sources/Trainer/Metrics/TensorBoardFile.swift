import Foundation

/// A TensorBoard event file: TFRecord framing around hand-encoded `Event` messages.
///
/// - Source: tensorflow/core/util/event.proto, summary.proto and tensorflow/core/lib/io/record_writer.h.
final class TensorBoardFile {
  private let path: String
  private let file: CInt
  /// Bytes of whole records.
  private var length = 0

  /// Creates `events.out.tfevents.…` in `folder`.
  ///
  /// - Parameter step: the first step that is written to the file, from which on TensorBoard is told to
  ///   forget what earlier files have.
  init(folder: String, firstStep step: Int, host: String, date: Date = Date()) throws {
    let process = ProcessInfo.processInfo.processIdentifier
    let seconds = Int(date.timeIntervalSince1970)
    path = "\(folder)/events.out.tfevents.\(seconds).\(host).\(process).0"
    file = try systemCall("open", path) { [path] in
      open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    }
    try append(EventMessage(date: date, step: 0, content: .fileVersion("brain.Event:2")))
    try append(EventMessage(date: date, step: step, content: .sessionStart))
  }

  deinit { close(file) }

  /// Appends the numbers of a record, as `training/loss` and so on.
  func append(_ record: MetricsRecord, date: Date = Date()) throws {
    let scalars = record.values.compactMap { name, value in
      value.number.map { SummaryValue("\(record.split.rawValue)/\(name)", .scalar(Float($0))) }
    }
    try append(scalars, step: record.step, date: date)
  }

  /// Appends values of a step.
  func append(_ values: [SummaryValue], step: Int, date: Date = Date()) throws {
    guard !values.isEmpty else { return }
    try append(EventMessage(date: date, step: step, content: .summary(values)))
  }

  private func append(_ message: EventMessage) throws {
    let record = TensorFlowRecord.frame(message.encoded)
    do {
      try DurableFiles.writeAll(record, to: file, path: path)
      length += record.count
    } catch {
      // Behind a record that a full disk has torn, nobody reads on.
      _ = ftruncate(file, off_t(length))
      throw error
    }
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
