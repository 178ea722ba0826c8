import Files
import Foundation

/// Owns the descriptor of a regular file that is read.
final class RegularFile {
  let path: String
  let descriptor: Int32
  let size: Int
  /// Where `read` reads, in bytes.
  private(set) var position = 0

  /// - Throws: `MediaError.unreadable`, `MediaError.empty`.
  init(_ path: String) throws {
    self.path = path
    do throws(OpeningFailure) {
      let file = try OpenedFile(path)
      (descriptor, size) = (file.descriptor, file.byteCount)
    } catch {
      throw MediaError.unreadable(file: path, reason: error.reason)
    }
    // From here on `deinit` closes the descriptor, also where this initializer throws.
    if size == 0 { throw MediaError.empty(file: path) }
  }

  deinit { close(descriptor) }

  /// Up to `count` bytes from `offset` on; fewer at the end of the file.
  func bytes(at offset: Int, count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let got = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, count, offset) }
    guard got >= 0 else { throw MediaError.unreadable(path) }
    return Array(bytes.prefix(got))
  }

  /// Reads at `position`.
  ///
  /// - Returns: how many bytes; 0 at the end, and where the file cannot be read.
  func read(into buffer: UnsafeMutableRawPointer?, count: Int) -> Int {
    let got = max(0, pread(descriptor, buffer, count, position))
    position += got
    return got
  }

  /// Moves `position`.
  ///
  /// - Parameter whence: `SEEK_SET`, `SEEK_CUR` or `SEEK_END`.
  /// - Returns: the new position.
  func seek(_ offset: Int, _ whence: Int32) -> Int {
    let base = whence == SEEK_CUR ? position : whence == SEEK_END ? size : 0
    let (sum, overflow) = base.addingReportingOverflow(offset)
    if !overflow && sum >= 0 { position = sum }
    return position
  }
}

extension MediaError {
  /// What the system's last error says about a file that was to be read.
  static func unreadable(_ file: String) -> MediaError {
    .unreadable(file: file, reason: String(cString: strerror(errno)))
  }

  /// What the system's last error says about a file that was to be written.
  static func unwritable(_ file: String) -> MediaError {
    .unwritable(file: file, reason: String(cString: strerror(errno)))
  }
}
