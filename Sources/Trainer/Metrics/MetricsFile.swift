import Foundation

/// `metrics.jsonl`, to which every line is appended with one write.
final class MetricsFile {
  private let path: String
  private let file: CInt
  /// Bytes of whole lines.
  private var length: Int
  /// Lines that a full disk had no room for.
  private var pending: [UInt8] = []

  /// Opens the file for a run that goes on after `step`.
  ///
  /// Lines of what will be computed again, and a line that a crash tore, are removed.
  ///
  /// - Parameter isEvaluated: whether the evaluation after `step` is done with.
  /// - Throws: `TrainerError.system`.
  init(path: String, resumingAfter step: Int, isEvaluated: Bool) throws {
    self.path = path
    if DurableFiles.exists(path) {
      try Self.truncate(path) { position in
        position.step < step
          || position.step == step && (isEvaluated || position.split != .validation)
      }
    }
    file = try systemCall("open", path) {
      open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    }
    length = try DurableFiles.size(path) ?? 0
  }

  deinit { close(file) }

  /// Appends a line, after those that could not be written before.
  ///
  /// - Throws: `TrainerError.system`; the line is kept for the next call.
  func append(_ record: MetricsRecord) throws {
    pending += Array("\(record.line)\n".utf8)
    do {
      try DurableFiles.writeAll(pending, to: file, path: path)
    } catch {
      // Behind a line that a full disk has torn, nobody reads on.
      _ = ftruncate(file, off_t(length))
      throw error
    }
    length += pending.count
    pending = []
  }

  private struct Position: Decodable {
    var step: Int
    var split: MetricsRecord.Split
  }

  private static func truncate(_ path: String, keeping isKept: (Position) -> Bool) throws {
    // As long as the run was.
    let content = Data(try DurableFiles.contents(path, limit: .max) ?? [])
    var kept = Data()
    for line in content.split(separator: UInt8(ascii: "\n")) {
      // Steps only grow within a file, so the first line that is too late or torn ends it.
      guard let position = try? JSONDecoder().decode(Position.self, from: Data(line)),
        isKept(position)
      else { break }
      kept.append(contentsOf: line)
      kept.append(UInt8(ascii: "\n"))
    }
    if kept != content { try DurableFiles.replace(path, with: Array(kept)) }
  }
}
