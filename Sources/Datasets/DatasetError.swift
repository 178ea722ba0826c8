/// What can be wrong with a data set or with what is asked of it.
public enum DatasetError: Error, Sendable, CustomStringConvertible {
  /// A list cannot be opened or read.
  case unreadable(file: String, reason: String)
  /// A file or folder cannot be written.
  case unwritable(file: String, reason: String)
  /// A list without even a header.
  case emptyList(file: String)
  /// A list's first line lacks a column; `nearest` is what might be meant.
  case missingColumn(file: String, column: String, nearest: String?)
  /// A list's first line names a column twice.
  case repeatedColumn(file: String, column: String)
  /// A row longer than `bytes` or of more than `fields` fields: the file is no list.
  case longRow(file: String, line: Int, bytes: Int, fields: Int)
  /// A quote that no other quote closes; the rest of the file is inside it.
  case openQuote(file: String, line: Int)
  /// More rows than can be counted.
  case listTooLong(file: String, limit: Int)
  /// A packed list, or an index of shards, that is damaged or of another kind.
  case packedList(file: String, reason: String)
  /// A tar file is damaged, or holds what no data set has; `offset` in bytes is where.
  case tar(file: String, offset: Int, reason: String)
  /// Shards are others than those that were listed.
  case staleIndex(index: String, shard: String, reason: String)
  /// A row of a list cannot be used.
  case row(RowProblem)
  /// More rows than allowed cannot be used.
  case tooManyRows(file: String, count: Int, limit: Int, first: [String])
  /// A list without a single usable row.
  case emptySplit(file: String, rows: Int, problems: Int, excluded: Int)
  /// A list of a header alone.
  case noRows(file: String)
  /// A list of more rows than are held in memory.
  case tooLong(file: String, rows: Int)
  /// A list or a folder without anything to use; `reason` tells what was there instead.
  case nothingUsable(file: String, what: String, reason: String)
  /// The files of a recording do not fit each other.
  case recording(folder: String, name: String, reason: String)
  /// An image of the data set cannot be used.
  case sample(SampleProblem)
  /// More images than allowed cannot be used.
  case tooManySamples(count: Int, limit: Int, first: [String])
  /// None of the samples that were tried can stand in for an unreadable one.
  case noSubstitute(first: String)
  /// A setting with a value that cannot work, and what would.
  case setting(name: String, reason: String)
  /// A folder that holds something else already.
  case folderInUse(folder: String)

  /// The message for the user.
  public var description: String {
    switch self {
    case .unreadable(let file, let reason): "\(file): cannot be read: \(reason)"
    case .unwritable(let file, let reason): "\(file): cannot be written: \(reason)"
    case .emptyList(let file): "\(file): is empty; the first line has to name the columns"
    case .missingColumn(let file, let column, let nearest):
      "\(file):1: column '\(column)' is missing from the header"
        + (nearest.map { "; did you mean it by '\($0)'?" } ?? "")
    case .repeatedColumn(let file, let column):
      "\(file):1: column '\(column)' is in the header twice; remove or rename one"
    case .longRow(let file, let line, let bytes, let fields):
      "\(file):\(line): a row of more than \(bytes >> 20) MiB or \(fields) fields; is it a list?"
    case .openQuote(let file, let line):
      "\(file):\(line): the quote opened in this row is never closed"
    case .listTooLong(let file, let limit): "\(file): more than \(limit) rows; split the list"
    case .packedList(let file, let reason): "\(file): \(reason)"
    case .tar(let file, let offset, let reason): "\(file): at byte \(offset): \(reason)"
    case .staleIndex(let index, let shard, let reason):
      "\(index): \(shard) is not the shard that was listed (\(reason)); list the shards anew, by "
        + "removing this file or packing again"
    case .row(let problem): problem.description
    case .tooManyRows(let file, let count, let limit, let first):
      "\(file): \(count) rows cannot be used (data.on_error skips at most \(limit)); the first:"
        + Self.list(first)
    case .emptySplit(let file, let rows, let problems, let excluded):
      "\(file): no usable face among \(rows) rows (\(problems) with problems, "
        + "\(excluded) labelled none, uncertain or no face)"
    case .noRows(let file): "\(file): has a header and no rows"
    case .tooLong(let file, let rows): "\(file): has more than \(rows) rows, which is the limit"
    case .nothingUsable(let file, let what, let reason): "\(file): no usable \(what): \(reason)"
    case .recording(let folder, let name, let reason): "\(folder): recording \(name): \(reason)"
    case .sample(let problem): problem.description
    case .tooManySamples(let count, let limit, let first):
      "\(count) samples cannot be used (data.on_error skips at most \(limit)); the first:"
        + Self.list(first)
    case .noSubstitute(let first):
      "a sample cannot be used, nor can any of the substitutes tried all over the epoch: \(first)"
    case .setting(let name, let reason): "\(name): \(reason)"
    case .folderInUse(let folder):
      "\(folder): is not empty and not an earlier synthetic corpus; name another folder or force it"
    }
  }

  private static func list(_ lines: [String]) -> String {
    lines.map { "\n  " + $0 }.joined()
  }
}

/// Why a row of a list cannot be used.
public struct RowProblem: Equatable, Codable, Sendable, CustomStringConvertible {
  /// The list, or the file or folder that stands in its place.
  public var file: String
  /// The line where the row begins, counted from 1; 0 where the file has no lines.
  public var line: Int
  /// The column at fault, nil where it is the row as a whole.
  public var column: String?
  /// What is wrong with it.
  public var reason: String

  /// `FILE:LINE: column 'COLUMN': REASON`, without what is not known.
  public var description: String {
    "\(file):\(line > 0 ? "\(line):" : "") " + (column.map { "column '\($0)': " } ?? "") + reason
  }
}

/// Why the image of a row cannot be used.
public struct SampleProblem: Equatable, Codable, Sendable, CustomStringConvertible {
  /// The sample, as an index into the manifest's records.
  public var sample: Int32
  /// The list that names the image.
  public var file: String
  /// The line where the row begins, counted from 1; 0 where the image comes from a folder.
  public var line: Int
  /// What is wrong, naming the image.
  public var reason: String

  /// `FILE:LINE: IMAGE: REASON`
  public var description: String { "\(file):\(line > 0 ? "\(line):" : "") \(reason)" }
}

extension DatasetError {
  /// Throws `setting` with this name and reason unless `holds`.
  static func require(
    _ holds: Bool, _ name: String, _ reason: @autoclosure () -> String
  ) throws(DatasetError) {
    if !holds { throw .setting(name: name, reason: reason()) }
  }
}
