import Foundation
import Synchronization
import Trainer

/// Passes on what a job writes to its standard error, at once and as it is, and reads along.
final class ErrorRelay: Sendable {
  /// The longest line that is read along; no notice is longer.
  private static let longestLine = 4096

  private struct Reading {
    var reader = FailureNoticeReader()
    var line: [UInt8] = []
  }

  /// What the job writes to. The job keeps both ends: if this process is killed, it has a full pipe in
  /// the end and not a broken one, which would end it before its checkpoint is written.
  let input: CInt
  private let output: CInt
  private let reading = Mutex(Reading())
  private let isDrained = DispatchSemaphore(value: 0)

  /// Makes the pipe and starts the thread that empties it.
  ///
  /// - Throws: `LaunchError.system`.
  init() throws {
    var ends: [CInt] = [0, 0]
    guard pipe(&ends) == 0 else {
      throw LaunchError.system(call: "pipe", reason: String(cString: strerror(errno)))
    }
    (output, input) = (ends[0], ends[1])
    Thread.detachNewThread { self.relay() }
  }

  /// What was read, once no more comes.
  ///
  /// - Parameter seconds: how long to wait for processes that still have the pipe open.
  func finish(within seconds: Int) -> [FailureNotice] {
    close(input)
    _ = isDrained.wait(timeout: .now() + .seconds(seconds))
    return reading.withLock { $0.reader.notices }
  }

  private func relay() {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(output, &buffer, buffer.count)
      if count == -1, errno == EINTR { continue }
      guard count > 0 else { break }
      // A closed terminal is no reason to stop a job.
      try? StandardStream.errors.write(bytes: buffer[..<count])
      take(buffer[..<count])
    }
    close(output)
    isDrained.signal()
  }

  private func take(_ bytes: ArraySlice<UInt8>) {
    reading.withLock { reading in
      for byte in bytes {
        if byte == UInt8(ascii: "\n") {
          reading.reader.read(String(decoding: reading.line, as: UTF8.self))
          reading.line.removeAll(keepingCapacity: true)
        } else if reading.line.count < Self.longestLine {
          reading.line.append(byte)
        }
      }
    }
  }
}
