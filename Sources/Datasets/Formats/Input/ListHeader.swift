/// The first row of a list, which names its columns.
struct ListHeader {
  /// The columns, from left to right.
  let names: [String]
  private let file: String

  /// Reads the first row.
  ///
  /// - Throws: `DatasetError.emptyList`, `.repeatedColumn`.
  init(of reader: DelimitedReader) throws {
    file = reader.file
    guard try reader.next() else { throw DatasetError.emptyList(file: file) }
    names = (0..<reader.fieldCount).map { String(decoding: reader.field($0), as: UTF8.self) }
  }

  /// The header of a list that has none.
  init(names: [String], file: String) {
    self.names = names
    self.file = file
  }

  /// Where a column is that the list must have.
  ///
  /// - Throws: `DatasetError.missingColumn`, `.repeatedColumn`.
  func column(_ name: String) throws -> Int {
    guard let index = try optionalColumn(name) else {
      throw DatasetError.missingColumn(file: file, column: name, nearest: nearest(to: name))
    }
    return index
  }

  /// Where a column is that the list may have; nil where it has not.
  ///
  /// - Throws: `DatasetError.repeatedColumn`.
  func optionalColumn(_ name: String) throws -> Int? {
    let index = names.firstIndex(of: name)
    if index != names.lastIndex(of: name) {
      throw DatasetError.repeatedColumn(file: file, column: name)
    }
    return index
  }

  /// The name that differs least from `name`, where that is little enough to be a slip.
  private func nearest(to name: String) -> String? {
    // Whoever writes a kilobyte into a header means no column that we know.
    let distances = names.filter { $0.utf8.count <= 4 * name.utf8.count }.map {
      (name: $0, edits: editDistance($0.lowercased(), name.lowercased()))
    }
    guard let best = distances.min(by: { $0.edits < $1.edits }) else { return nil }
    return best.edits <= max(2, name.count / 3) ? best.name : nil
  }
}
