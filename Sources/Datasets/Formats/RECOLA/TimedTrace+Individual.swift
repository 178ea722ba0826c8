extension TimedTrace {
  /// Annotators of each recording.
  static let annotators = 6

  /// Reads what the annotators say: a CSV file with the header `time;FM1 ;FM2 ;FM3 ;FF1 ;FF2 ;FF3`,
  /// blanks and semicolons or not, and a row for each 40 ms.
  ///
  /// - Throws: `DatasetError` naming file, line and column.
  init(individualRatings file: String) throws {
    let reader = try DelimitedReader(file: file, dialect: .commasOrSemicolons)
    let header = try ListHeader(of: reader)
    let time = try header.column("time")
    let names = header.names.filter { $0 != "time" }
    guard names.count == Self.annotators else {
      throw DatasetError.row(
        RowProblem(
          file: file, line: 1, column: nil,
          reason: "names \(names.count) annotators besides the time; RECOLA has \(Self.annotators)")
      )
    }
    let columns = try names.map(header.column)
    self.init(file: file, columnCount: names.count)
    let row = RowValues(reader: reader)
    do {
      while try reader.next() {
        try row.checkFieldCount(header.names.count)
        var values: [Float] = []
        for (column, name) in zip(columns, names) { values.append(try row.rating(column, name)) }
        try append(
          seconds: try row.number(time, "time"), timeColumn: "time", values: values, row: row)
      }
    } catch let problem as RowProblem {
      // A trace with a hole is no trace: no policy skips rows here.
      throw DatasetError.row(problem)
    }
    try checkRows()
  }

  /// Refuses a file without a row.
  func checkRows() throws {
    if frameCount == 0 {
      throw DatasetError.nothingUsable(
        file: file, what: "row", reason: "nothing follows the header")
    }
  }
}
