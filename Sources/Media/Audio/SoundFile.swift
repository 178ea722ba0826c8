import Foundation

/// Owns the descriptor of a regular file that is read.
final class SoundFile {
  let path: String
  let descriptor: Int32
  let size: Int

  /// - Throws: `MediaError.unreadable`, `MediaError.empty`.
  init(_ path: String) throws {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw Self.systemError(path) }
    var status = stat()
    let failed = fstat(descriptor, &status) != 0
    size = Int(status.st_size)
    // From here on `deinit` closes the descriptor, also where this initializer throws.
    if failed { throw Self.systemError(path) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw MediaError.unreadable(file: path, reason: "not a regular file")
    }
    if size == 0 { throw MediaError.empty(file: path) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Up to `count` bytes from `offset` on; fewer at the end of the file.
  func bytes(at offset: Int, count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let got = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, count, offset) }
    guard got >= 0 else { throw Self.systemError(path) }
    return Array(bytes.prefix(got))
  }

  private static func systemError(_ path: String) -> MediaError {
    .unreadable(file: path, reason: String(cString: strerror(errno)))
  }
}
