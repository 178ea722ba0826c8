import Foundation

/// Writes a comma-separated list, which appears under its name when it is complete.
final class ListWriter {
  private static let flushedBytes = 1 << 20

  private let path: String
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  private var isFinished = false

  private var partialPath: String { path + ".partial" }

  /// - Throws: `DatasetError.unwritable`.
  init(_ path: String) throws {
    self.path = path
    descriptor = open(path + ".partial", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw Self.systemError(path) }
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    if !isFinished { unlink(partialPath) }
  }

  /// Adds a row; fields are quoted where they have to be.
  func append(_ fields: [String]) {
    for (index, field) in fields.enumerated() {
      if index > 0 { buffer.append(0x2C) }
      let special: [UInt8] = [0x2C, 0x22, 0x0A, 0x0D]
      let isQuoted = field.utf8.contains(where: special.contains)
      if isQuoted {
        // Byte by byte: a quote with an accent on it is another character, and the same byte.
        buffer.append(0x22)
        for byte in field.utf8 {
          if byte == 0x22 { buffer.append(byte) }
          buffer.append(byte)
        }
        buffer.append(0x22)
      } else {
        buffer += field.utf8
      }
    }
    buffer.append(0x0A)
  }

  /// Hands rows on to the system, where they are many.
  ///
  /// - Throws: `DatasetError.unwritable`.
  func flushIfLarge() throws {
    if buffer.count >= Self.flushedBytes { try flush() }
  }

  /// Makes the list durable and gives it its name.
  ///
  /// - Throws: `DatasetError.unwritable`.
  func finish() throws {
    try flush()
    guard fsync(descriptor) == 0, rename(partialPath, path) == 0 else {
      throw Self.systemError(path)
    }
    isFinished = true
  }

  private func flush() throws {
    var written = 0
    while written < buffer.count {
      let count = buffer[written...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw Self.systemError(path) }
      written += count
    }
    buffer.removeAll(keepingCapacity: true)
  }

  private static func systemError(_ path: String) -> DatasetError {
    .unwritable(file: path, reason: String(cString: strerror(errno)))
  }
}
