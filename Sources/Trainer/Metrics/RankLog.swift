import Foundation
import Logging

/// A swift-log handler that appends to a rank's own file.
struct RankLogHandler: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.info
  private let file: LogFile

  private init(file: LogFile) { self.file = file }

  /// A logger of a rank, writing to `path`.
  ///
  /// - Throws: `TrainerError.system` when the file cannot be opened.
  static func logger(path: String, rank: Int) throws -> Logger {
    let handler = RankLogHandler(file: try LogFile(path: path))
    return Logger(label: "rank-\(rank)") { _ in handler }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let time = Date().formatted(.iso8601)
    file.append("\(time) \(event.level) \(event.message)\n")
  }
}

/// A file that is only ever appended to, with one write a line, from any thread.
private final class LogFile: Sendable {
  private let file: CInt
  private let path: String

  init(path: String) throws {
    self.path = path
    file = try systemCall("open", path) {
      open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    }
  }

  deinit { close(file) }

  func append(_ line: String) {
    // A full disk shows where it matters, at the next checkpoint; a log is no reason to stop.
    try? DurableFiles.writeAll(Array(line.utf8), to: file, path: path)
  }
}
