import Foundation

/// A file that is written from its start to its end, and only then is there by its name.
package final class GrowingFile {
  private static let bufferBytes = 1 << 20
  private let place: UnfinishedFile
  private let file: CInt
  private var buffer: [UInt8] = []

  /// - Parameter name: see `UnfinishedFile`.
  /// - Throws: `TrainerError.system`.
  package init(_ name: String) throws {
    place = try UnfinishedFile(name)
    file = try place.open()
  }

  deinit { close(file) }

  /// Adds bytes behind those before.
  package func append(_ bytes: some Sequence<UInt8>) throws {
    buffer.append(contentsOf: bytes)
    if buffer.count >= Self.bufferBytes { try flush() }
  }

  private func flush() throws {
    try DurableFiles.writeAll(buffer, to: file, path: place.path)
    buffer.removeAll(keepingCapacity: true)
  }

  /// Waits until all is on the device, and gives the file its name.
  package func finish() throws {
    try flush()
    try systemCall("fsync", place.path) { fsync(file) }
    try place.finish()
  }
}
