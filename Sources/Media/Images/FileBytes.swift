import Foundation

/// The content of one file after another, in one buffer that only grows.
final class FileBytes {
  /// No image that a data set holds comes near; it bounds the memory that a stray file can claim.
  static let limit = 256 << 20

  private var storage = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  private var count = 0

  deinit { storage.deallocate() }

  /// What was read last; valid until the next `read`.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: storage[0..<count]) }

  /// Reads the whole of `file`.
  func read(_ file: String) throws {
    count = 0
    let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw Self.systemError(file) }
    defer { close(descriptor) }
    let size = try regularSize(descriptor, file)
    if size > storage.count {
      storage.deallocate()
      storage = .allocate(byteCount: size, alignment: 16)
    }
    while count < size {
      let got = Foundation.read(descriptor, storage.baseAddress?.advanced(by: count), size - count)
      if got < 0 && errno == EINTR { continue }
      guard got >= 0 else { throw Self.systemError(file) }
      // The file became shorter meanwhile: its decoder says what is missing.
      if got == 0 { break }
      count += got
    }
    if count == 0 { throw MediaError.empty(file: file) }
  }

  private func regularSize(_ descriptor: Int32, _ file: String) throws -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Self.systemError(file) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw MediaError.unreadable(file: file, reason: "not a regular file")
    }
    let size = Int(status.st_size)
    guard size <= Self.limit else {
      throw MediaError.tooManyBytes(file: file, bytes: size, limit: Self.limit)
    }
    return size
  }

  private static func systemError(_ file: String) -> MediaError {
    .unreadable(file: file, reason: String(cString: strerror(errno)))
  }
}
