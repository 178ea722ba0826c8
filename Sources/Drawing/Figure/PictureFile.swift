import Foundation

/// Files that pictures are written into.
enum PictureFile {
  /// Writes beside the file's name, then renames: what is there is replaced by a whole picture, or not at
  /// all. What is no regular file, such as a pipe, is written into as it is.
  ///
  /// - Throws: `DrawingError.unwritable`.
  static func replace(_ file: String, with bytes: [UInt8]) throws(DrawingError) {
    // C would read the name only up to the NUL, and write another file.
    if file.utf8.contains(0) {
      throw DrawingError.unwritable(file: file, reason: "the name holds a NUL byte")
    }
    var status = stat()
    if stat(file, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      return try write(bytes, to: file, called: file)
    }
    // A link stays what it is: what it leads to is replaced.
    let target = realpath(file, nil)
    defer { free(target) }
    let path = target.map { String(cString: $0) } ?? file
    let url = URL(fileURLWithPath: path)
    // Names of files are not much longer than some are already.
    let name = "\(url.lastPathComponent.prefix(40)).partial-\(getpid())"
    let partial = url.deletingLastPathComponent().appending(path: name).path
    do throws(DrawingError) {
      try write(bytes, to: partial, called: file)
      guard rename(partial, path) == 0 else { throw DrawingError.ofSystem(file) }
    } catch {
      unlink(partial)
      throw error
    }
  }

  private static func write(
    _ bytes: [UInt8], to path: String, called file: String
  ) throws(DrawingError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw DrawingError.ofSystem(file) }
    var failure = writeAll(bytes, to: descriptor) ? nil : DrawingError.ofSystem(file)
    // Some file systems find out here that there is no room.
    if close(descriptor) != 0, failure == nil { failure = DrawingError.ofSystem(file) }
    if let failure { throw failure }
  }

  private static func writeAll(_ bytes: [UInt8], to descriptor: CInt) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else { return false }
      rest = rest.dropFirst(written)
    }
    return true
  }
}

extension DrawingError {
  /// What the system's last error says about a file that was to be written.
  fileprivate static func ofSystem(_ file: String) -> DrawingError {
    .unwritable(file: file, reason: String(cString: strerror(errno)))
  }
}
