import Foundation

/// A regular file that is open for reading; whoever opens it closes its descriptor.
///
/// Whatever else a path may name is refused: a pipe would be waited for until somebody writes to it, a
/// device might never end.
public struct OpenedFile: Sendable {
  /// Closed by who opened it.
  public let descriptor: CInt
  /// Bytes of the file when it was opened.
  public let byteCount: Int

  /// Opens a file.
  ///
  /// - Throws: `OpeningFailure`; nothing is open then.
  public init(_ path: String) throws(OpeningFailure) {
    // C would read the name only up to the NUL, and open another file.
    if path.utf8.contains(0) { throw OpeningFailure(reason: "the name holds a NUL byte") }
    // Passed as it is, the string would be copied. Regular files do not mind O_NONBLOCK.
    let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK
    let descriptor = path.withCString { path in
      while true {
        let descriptor = open(path, flags)
        if descriptor >= 0 || errno != EINTR { return descriptor }
      }
    }
    guard descriptor >= 0 else { throw OpeningFailure.ofSystem() }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let failure = OpeningFailure.ofSystem()
      close(descriptor)
      throw failure
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw OpeningFailure(reason: "not a regular file")
    }
    self.descriptor = descriptor
    byteCount = Int(status.st_size)
  }
}

/// Why a file could not be opened; modules put it into errors of their own, with the file's name.
public struct OpeningFailure: Error, Equatable {
  /// Completes "FILE: cannot be read: …".
  public let reason: String

  /// What the last system call says.
  fileprivate static func ofSystem() -> OpeningFailure {
    OpeningFailure(reason: String(cString: strerror(errno)))
  }
}
