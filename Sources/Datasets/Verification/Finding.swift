/// One thing that is wrong with what was verified, or worth knowing.
public struct Finding: Equatable, Codable, Sendable, CustomStringConvertible {
  /// What kind of thing; its raw value is what lists and JSON say.
  public enum Kind: String, Codable, Sendable, CaseIterable {
    /// A list, a folder or a recording that cannot be used at all.
    case list
    /// A row of a list that cannot be used.
    case row
    /// A file that is missing or cannot be decoded, or does not hold what the list says.
    case media
    /// The same content in two splits.
    case leak
    /// A person in two splits.
    case person
    /// The same content twice in one split: no fault.
    case duplicate

    /// Whether it makes the data unfit for use as they are.
    public var isFault: Bool { self != .duplicate }

    /// What it is called where it is counted.
    public var title: String {
      switch self {
      case .list: "unusable lists, folders or recordings"
      case .row: "unusable rows"
      case .media: "unusable images, sounds or films"
      case .leak: "files in several splits"
      case .person: "people in several splits"
      case .duplicate: "duplicates within a split"
      }
    }
  }

  /// What kind of thing it is.
  public var kind: Kind
  /// The list, or the file itself where no list names it.
  public var file: String
  /// The line of the list, counted from 1; 0 where there is none.
  public var line: Int
  /// The column at fault, nil where it is none.
  public var column: String?
  /// What is wrong.
  public var reason: String

  /// A finding with every field given.
  public init(kind: Kind, file: String, line: Int = 0, column: String? = nil, reason: String) {
    self.kind = kind
    self.file = file
    self.line = line
    self.column = column
    self.reason = reason
  }

  /// A row that cannot be used.
  init(_ problem: RowProblem) {
    self.init(
      kind: .row, file: problem.file, line: problem.line, column: problem.column,
      reason: problem.reason)
  }

  /// A list or a folder that cannot be used, because of `error`.
  init(_ error: any Error, in file: String) {
    switch error {
    case DatasetError.row(let problem): self.init(problem)
    case DatasetError.missingColumn(_, let column, _), DatasetError.repeatedColumn(_, let column):
      self.init(
        kind: .list, file: file, line: 1, column: column,
        reason: Self.reason(error, without: "\(file):1: column '\(column)' "))
    case DatasetError.openQuote(_, let line), DatasetError.longRow(_, let line, _, _):
      self.init(
        kind: .list, file: file, line: line,
        reason: Self.reason(error, without: "\(file):\(line): "))
    default:
      self.init(kind: .list, file: file, reason: Self.reason(error, without: "\(file): "))
    }
  }

  /// The message of an error, without the name that is told beside it.
  static func reason(_ error: any Error, without prefix: String) -> String {
    let text = "\(error)"
    return text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
  }

  /// `FILE:LINE: column 'COLUMN': REASON`, without what is not known.
  public var description: String {
    RowProblem(file: file, line: line, column: column, reason: reason).description
  }
}
