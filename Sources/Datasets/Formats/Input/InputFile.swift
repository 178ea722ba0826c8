import Files
import Foundation

/// A regular file that is open for reading; whatever else a path may name is refused.
final class InputFile {
  /// Bytes of the file when it was opened.
  let byteCount: Int
  private let path: String
  private let descriptor: Int32

  /// - Throws: `DatasetError.unreadable`.
  init(_ path: String) throws {
    self.path = path
    do throws(OpeningFailure) {
      let file = try OpenedFile(path)
      (descriptor, byteCount) = (file.descriptor, file.byteCount)
    } catch {
      throw DatasetError.unreadable(file: path, reason: error.reason)
    }
  }

  deinit { close(descriptor) }

  /// The next bytes of the file.
  ///
  /// - Returns: how many there are; 0 at the end.
  func read(into chunk: inout [UInt8]) throws -> Int {
    while true {
      let count = Foundation.read(descriptor, &chunk, chunk.count)
      if count >= 0 { return count }
      guard errno == EINTR else { throw DatasetError.unreadable(path, errno) }
    }
  }

  /// The first bytes of a file, fewer where it has fewer.
  static func beginning(of path: String, count: Int) throws -> [UInt8] {
    let file = try InputFile(path)
    var bytes = [UInt8](repeating: 0, count: count)
    let read = try file.read(into: &bytes)
    return Array(bytes[..<read])
  }

  /// All bytes of an image.
  ///
  /// - Throws: `DatasetError.unreadable`, also for more bytes than any image has.
  static func bytes(ofImage path: String) throws -> [UInt8] {
    let file = try InputFile(path)
    guard file.byteCount <= Shard.largestImage else {
      throw DatasetError.unreadable(file: path, reason: "has \(file.byteCount) bytes")
    }
    var bytes = [UInt8](repeating: 0, count: file.byteCount)
    let count = try file.read(into: &bytes)
    guard count == bytes.count else {
      throw DatasetError.unreadable(file: path, reason: "ends after \(count) bytes")
    }
    return bytes
  }

  /// All bytes of a file, which may be large.
  ///
  /// - Throws: `DatasetError.unreadable`, also for more bytes than the machine has memory.
  static func bytes(of path: String) throws -> [UInt8] {
    let file = try InputFile(path)
    guard file.byteCount <= Int(clamping: ProcessInfo.processInfo.physicalMemory) else {
      throw DatasetError.unreadable(
        file: path, reason: "has \(file.byteCount) bytes, more than this machine's memory")
    }
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    var bytes: [UInt8] = []
    // Some more, for what may be appended.
    bytes.reserveCapacity(file.byteCount + 1 << 16)
    while case let count = try file.read(into: &chunk), count > 0 { bytes += chunk[..<count] }
    return bytes
  }

  /// All bytes of a small file.
  ///
  /// - Throws: `DatasetError.unreadable`, also for a file of more than `limit` bytes.
  static func bytes(of path: String, limit: Int) throws -> [UInt8] {
    let file = try InputFile(path)
    var chunk = [UInt8](repeating: 0, count: limit + 1)
    var bytes: [UInt8] = []
    while case let count = try file.read(into: &chunk), count > 0 {
      bytes += chunk.prefix(count)
      if bytes.count > limit {
        throw DatasetError.unreadable(file: path, reason: "has more than \(limit) bytes")
      }
    }
    return bytes
  }
}

extension DatasetError {
  /// What the system says about a file that it does not let us read.
  static func unreadable(_ file: String, _ code: Int32) -> DatasetError {
    .unreadable(file: file, reason: String(cString: strerror(code)))
  }
}
