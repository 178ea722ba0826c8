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
  public func write(_ text: String) throws {
    try DurableFiles.writeAll(
      Array(text.utf8), to: rawValue, path: self == .output ? "standard output" : "standard error")
  }
}
