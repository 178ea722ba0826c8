import Files
import Foundation

/// A tar file that is open for reading; any thread may read.
final class OpenShard: Sendable {
  let path: String
  let byteCount: Int
  private let descriptor: Int32

  /// - Throws: `DatasetError.unreadable`.
  init(path: String) throws(DatasetError) {
    self.path = path
    do throws(OpeningFailure) {
      let file = try OpenedFile(path)
      (descriptor, byteCount) = (file.descriptor, file.byteCount)
    } catch {
      throw .unreadable(file: path, reason: error.reason)
    }
  }

  deinit { close(descriptor) }

  /// Fills `buffer` with what stands at `offset`.
  ///
  /// - Throws: `DatasetError.unreadable`, `.tar` where the file ends earlier.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(DatasetError) {
    var count = 0
    while count < buffer.count {
      let got = pread(
        descriptor, buffer.baseAddress?.advanced(by: count), buffer.count - count,
        off_t(offset + count))
      if got < 0 && errno == EINTR { continue }
      guard got >= 0 else { throw Self.systemError(path) }
      guard got > 0 else {
        throw .tar(file: path, offset: offset + count, reason: "the file ends here: truncated")
      }
      count += got
    }
  }

  /// The bytes of a range; for small ones.
  func bytes(_ range: Range<Int>) throws(DatasetError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count)
    do {
      try bytes.withUnsafeMutableBytes { try read(into: $0, at: range.lowerBound) }
    } catch let error as DatasetError {
      throw error
    } catch {
      throw .unreadable(file: path, reason: "\(error)")
    }
    return bytes
  }

  /// Tells the system that a range will be read soon; it may do as it likes.
  func willNeed(_ range: Range<Int>) {
    _ = posix_fadvise(
      descriptor, off_t(range.lowerBound), off_t(range.count), POSIX_FADV_WILLNEED)
  }

  private static func systemError(_ path: String) -> DatasetError {
    .unreadable(file: path, reason: String(cString: strerror(errno)))
  }
}
