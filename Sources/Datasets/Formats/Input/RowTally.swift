/// What was wrong with the rows of one list, and when that is too much.
struct RowTally {
  /// The problems, in the order of the list; those beyond the policy's limit are only counted.
  private(set) var problems: [RowProblem] = []
  /// How many rows had one.
  private(set) var count = 0
  private let file: String
  private let policy: ErrorPolicy

  init(file: String, policy: ErrorPolicy) {
    self.file = file
    self.policy = policy
  }

  /// Takes note of a row that is left out.
  ///
  /// - Throws: `DatasetError.row` where the policy leaves out none.
  mutating func add(_ problem: RowProblem) throws {
    guard case .skip(let limit) = policy else { throw DatasetError.row(problem) }
    count += 1
    if problems.count < max(limit, Self.shown) { problems.append(problem) }
  }

  /// To be called behind the last row.
  ///
  /// - Throws: `DatasetError.tooManyRows`.
  func finish() throws {
    guard case .skip(let limit) = policy, count > limit else { return }
    throw DatasetError.tooManyRows(
      file: file, count: count, limit: limit,
      first: problems.prefix(Self.shown).map(\.description))
  }

  /// Problems that a message shows.
  private static let shown = 5
}
