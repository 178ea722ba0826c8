import Files
import Foundation

/// An open file: every system call's failure becomes a `WeightsError`, and the file is closed once.
final class FileDescriptor {
  /// Bytes of the file when it was opened.
  let byteCount: Int
  private let descriptor: CInt
  private let path: String
  private var isOpen = true

  /// Opens a regular file for reading.
  init(reading path: String) throws(WeightsError) {
    self.path = path
    do throws(OpeningFailure) {
      let file = try OpenedFile(path)
      (descriptor, byteCount) = (file.descriptor, file.byteCount)
    } catch {
      throw WeightsError(file: path, .system(call: "open", text: error.reason))
    }
  }

  /// Makes a file, in place of what is there.
  init(writing path: String) throws(WeightsError) {
    self.path = path
    byteCount = 0
    descriptor = Self.retrying { open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666) }
    guard descriptor >= 0 else { throw Self.systemError("open", path) }
  }

  deinit {
    if isOpen { Foundation.close(descriptor) }
  }

  /// Reads exactly `count` bytes at `offset`.
  func read(_ count: Int, at offset: Int) throws(WeightsError) -> [UInt8] {
    var failure: WeightsError?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      do throws(WeightsError) {
        try read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
        filled = count
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Fills `buffer` with what is at `offset`.
  func read(
    into buffer: UnsafeMutableRawBufferPointer, at offset: Int
  ) throws(WeightsError) {
    var done = 0
    while done < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let count = Self.retrying {
        pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
      }
      guard count >= 0 else { throw Self.systemError("read", path) }
      // The file was cut while it was read.
      guard count > 0 else {
        throw WeightsError(
          file: path, .truncated(bytes: offset + done, needed: offset + buffer.count))
      }
      done += count
    }
  }

  /// Appends all of `bytes`.
  func write(_ bytes: [UInt8]) throws(WeightsError) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { raw in
        let rest = UnsafeRawBufferPointer(rebasing: raw[done...])
        return Self.retrying { Foundation.write(descriptor, rest.baseAddress, rest.count) }
      }
      guard count >= 0 else { throw Self.systemError("write", path) }
      done += count
    }
  }

  /// Returns once the content is on the device.
  func synchronise() throws(WeightsError) {
    guard Self.retrying({ fsync(descriptor) }) == 0 else { throw Self.systemError("fsync", path) }
  }

  /// Closes the file; some file systems report a full disk only here.
  func close() throws(WeightsError) {
    isOpen = false
    guard Foundation.close(descriptor) == 0 else { throw Self.systemError("close", path) }
  }

  private static func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
    while true {
      let result = call()
      if result >= 0 || errno != EINTR { return result }
    }
  }

  private static func systemError(_ call: String, _ path: String) -> WeightsError {
    WeightsError(file: path, .system(call: call, text: String(cString: strerror(errno))))
  }
}
