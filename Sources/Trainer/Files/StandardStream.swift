import Foundation
import Synchronization

/// What a process writes to whoever started it; every text is one unbuffered write.
public enum StandardStream: CInt, Sendable {
  /// Results and progress.
  case output = 1
  /// What went wrong.
  case errors = 2

  private static let isSilent = Atomic<Bool>(false)

  /// Writes what shall stay the last that this process writes, for as long as that takes within reason.
  static func writeLast(_ text: String, to stream: StandardStream) {
    isSilent.store(true, ordering: .relaxed)
    // Whoever should read it may not: a pipe that is full keeps the writer.
    attempt(forAtMost: patience) {
      try? DurableFiles.writeAll(Array(text.utf8), to: stream.rawValue, path: "")
    }
  }

  /// Seconds that last words may take.
  private static let patience = 3.0

  /// Writes all of `text`.
  ///
  /// - Throws: `TrainerError.system` where the stream is closed or its device is full.
  public func write(_ text: String) throws { try write(bytes: Array(text.utf8)[...]) }

  /// Writes all of `bytes`.
  ///
  /// - Throws: `TrainerError.system` where the stream is closed or its device is full.
  public func write(bytes: ArraySlice<UInt8>) throws {
    guard !Self.isSilent.load(ordering: .relaxed) else { return }
    try DurableFiles.writeAll(
      bytes, to: rawValue, path: self == .output ? "standard output" : "standard error")
  }
}
