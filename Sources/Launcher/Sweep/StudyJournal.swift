import Foundation
import Studies
import Trainer

/// A search's journal on disk: whole lines, each on the device before anything is done that it tells of.
///
/// There is one writer, which holds the sweep's lease. Nothing that was written is ever changed, so that the file
/// may lie on NFS, and be read by others at any time.
final class StudyJournal {
  private let path: String
  private let file: CInt
  private let writer: String

  /// The search as far as the journal tells.
  private(set) var study = Study()

  /// Opens a journal, which is made where there is none.
  ///
  /// A line that a crash has torn is cut off: Optuna refuses what comes behind one.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - writer: who writes, in a word.
  /// - Throws: `LaunchError.journal` where a line in the middle is broken, `TrainerError.system`.
  init(path: String, writer: String) throws {
    (self.path, self.writer) = (path, writer)
    file = try systemCall("open", path) {
      open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    }
    let content = try Self.content(of: file, path: path)
    let whole: Int
    (study, whole) = try Self.replay(content, of: path)
    if whole < content.count {
      try systemCall("ftruncate", path) { ftruncate(file, off_t(whole)) }
      try systemCall("fsync", path) { fsync(file) }
    }
  }

  deinit { close(file) }

  /// Appends records, and returns when they are on the device.
  ///
  /// - Throws: `TrainerError.system`; none of them counts then.
  func append(_ records: [JournalRecord]) throws {
    let text = records.map { $0.line(writer: writer) + "\n" }.joined()
    let end = try systemCall("lseek", path) { lseek(file, 0, SEEK_END) }
    do {
      try DurableFiles.writeAll(text.utf8, to: file, path: path)
      try systemCall("fsync", path) { fsync(file) }
    } catch {
      // A disk that is full has taken a part.
      _ = ftruncate(file, end)
      throw error
    }
    records.forEach { study.apply($0) }
  }

  /// The search in a journal that another process may be writing.
  ///
  /// - Throws: as `init`.
  static func study(in path: String) throws -> Study {
    try replay(Data(DurableFiles.contents(path, limit: .max) ?? []), of: path).study
  }

  /// The search that whole lines tell of, and how many bytes these are.
  private static func replay(
    _ content: Data, of path: String
  ) throws -> (study: Study, whole: Int) {
    let whole = content.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    var study = Study()
    for (index, line) in content[..<whole].split(
      separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
    )
    .dropLast().enumerated() {
      do throws(JournalRecord.Unreadable) {
        guard let record = try JournalRecord.read(line) else { continue }
        if case .createStudy = record, !study.name.isEmpty {
          throw JournalRecord.Unreadable(
            reason: "it begins a second study, and the journal is this sweep's alone")
        }
        study.apply(record)
      } catch {
        throw LaunchError.journal("\(path):\(index + 1): \(error.reason)")
      }
    }
    return (study, whole)
  }

  private static func content(of file: CInt, path: String) throws -> Data {
    var content = Data()
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = try systemCall("read", path) { read(file, &buffer, buffer.count) }
      if count == 0 { return content }
      content += buffer[..<count]
    }
  }
}
