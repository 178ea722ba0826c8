import Foundation

/// What a process writes to whoever started it; every text is one unbuffered write.
public enum StandardStream: CInt, Sendable {
  /// Results and progress.
  case output = 1
  /// What went wrong.
  case errors = 2

  /// Writes all of `text`.
  ///
  /// - Throws: `TrainerError.system` where the stream is closed or its device is full.
  public func write(_ text: String) throws { try write(bytes: Array(text.utf8)[...]) }

  /// Writes all of `bytes`.
  ///
  /// - Throws: `TrainerError.system` where the stream is closed or its device is full.
  public func write(bytes: ArraySlice<UInt8>) throws {
    try DurableFiles.writeAll(
      bytes, to: rawValue, path: self == .output ? "standard output" : "standard error")
  }
}
