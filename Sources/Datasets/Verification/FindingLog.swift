/// Counts findings, keeps the first ones and writes all of them to a list where that is wanted, so
/// that memory does not grow with their number.
final class FindingLog {
  private(set) var first: [Finding] = []
  private(set) var counts: [Finding.Kind: Int] = [:]
  private let limit: Int
  private let writer: ListWriter?

  /// - Parameters:
  ///   - limit: how many of each kind are kept.
  ///   - list: the CSV file that all are written to.
  /// - Throws: `DatasetError.unwritable`.
  init(limit: Int, list: String?) throws {
    self.limit = limit
    writer = try list.map { try ListWriter($0) }
    writer?.append(["kind", "file", "line", "column", "reason"])
  }

  /// Takes a finding.
  func add(_ finding: Finding) throws {
    let count = counts[finding.kind, default: 0]
    counts[finding.kind] = count + 1
    if count < limit { first.append(finding) }
    writer?.append([
      finding.kind.rawValue, finding.file, finding.line > 0 ? "\(finding.line)" : "",
      finding.column ?? "", finding.reason,
    ])
    try writer?.flushIfLarge()
  }

  /// Gives what `read` gives, or takes note of why it gives nothing.
  func attempt<Value>(_ file: String, _ read: () throws -> Value) throws -> Value? {
    do {
      return try read()
    } catch let error as DatasetError {
      // A wrong setting is the caller's mistake and says nothing about the data.
      if case .setting = error { throw error }
      try add(Finding(error, in: file))
      return nil
    }
  }

  /// Completes the list.
  func finish() throws { try writer?.finish() }
}
