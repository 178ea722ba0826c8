/// A list of faces while its rows are read.
struct FaceList {
  /// Rows after which the length of a list is estimated.
  private static let rowsBeforeEstimate = 10_000

  let path: String
  let root: String
  /// Rows labelled none, uncertain or no face.
  var excluded = 0
  private var columns: FaceColumns
  private var shards: [Shard]?

  /// - Parameter shards: empty where the rows will lie in shards, nil where they are files.
  init(path: String, root: String, shards: [Shard]? = nil) {
    self.path = path
    self.root = root
    self.shards = shards
    columns = FaceColumns(hasLocations: shards != nil)
  }

  /// Takes a row.
  mutating func append(_ record: FaceRecord) { columns.append(record) }

  /// Takes a shard with all of its rows.
  mutating func append(_ shard: Shard, _ rows: [(record: FaceRecord, extent: Range<Int>)]) {
    shards?.append(shard)
    for row in rows { columns.append(row.record, extent: row.extent) }
  }

  /// Makes room for as many rows as the file has, if the rest of it is like what was read; room that
  /// stays unused takes no memory.
  ///
  /// - Throws: `DatasetError.listTooLong`.
  mutating func makeRoom(for reader: DelimitedReader) throws {
    if columns.count == Self.rowsBeforeEstimate {
      columns.reserve(times: 1.05 * Double(reader.fileBytes) / Double(max(1, reader.bytesRead)))
    }
    if columns.count >= FaceTableLayout.largestRowCount {
      throw DatasetError.listTooLong(file: path, limit: FaceTableLayout.largestRowCount)
    }
  }

  /// The manifest, when all rows are read.
  ///
  /// - Throws: `DatasetError.tooManyRows`, `.emptySplit`.
  consuming func finished(_ tally: RowTally) throws -> FaceManifest {
    try tally.finish()
    if columns.count == 0 {
      throw DatasetError.emptySplit(
        file: path, rows: tally.problems.count + excluded, problems: tally.problems.count,
        excluded: excluded)
    }
    return FaceManifest(
      path: path, root: root, columns: columns, problems: tally.problems, excluded: excluded,
      shards: shards)
  }
}
