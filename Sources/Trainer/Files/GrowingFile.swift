import Foundation

/// A file that is written from its start to its end, and only then is there by its name.
package final class GrowingFile {
  private static let bufferBytes = 1 << 20
  private let path: String
  private let file: CInt
  private var buffer: [UInt8] = []
  private var isFinished = false

  /// - Throws: `TrainerError.system`.
  package init(_ path: String) throws {
    self.path = path
    file = try systemCall("open", path) {
      open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    }
  }

  deinit {
    close(file)
    // What was given up is not left lying about.
    if !isFinished { unlink(path) }
  }

  /// Adds bytes behind those before.
  package func append(_ bytes: some Sequence<UInt8>) throws {
    buffer.append(contentsOf: bytes)
    if buffer.count >= Self.bufferBytes { try flush() }
  }

  private func flush() throws {
    try DurableFiles.writeAll(buffer, to: file, path: path)
    buffer.removeAll(keepingCapacity: true)
  }

  /// Waits until all is on the device, and gives the file its name.
  package func finish(as name: String) throws {
    try flush()
    try systemCall("fsync", path) { fsync(file) }
    try DurableFiles.rename(path, to: name)
    isFinished = true
  }
}
