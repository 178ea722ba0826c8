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
    let opened = try RegularFile(file)
    guard opened.size <= Self.limit else {
      throw MediaError.tooManyBytes(file: file, bytes: opened.size, limit: Self.limit)
    }
    if opened.size > storage.count {
      storage.deallocate()
      storage = .allocate(byteCount: opened.size, alignment: 16)
    }
    while count < opened.size {
      let got = Foundation.read(
        opened.descriptor, storage.baseAddress?.advanced(by: count), opened.size - count)
      if got < 0 && errno == EINTR { continue }
      guard got >= 0 else { throw MediaError.unreadable(file) }
      // The file became shorter meanwhile: its decoder says what is missing.
      if got == 0 { break }
      count += got
    }
    if count == 0 { throw MediaError.empty(file: file) }
  }
}
