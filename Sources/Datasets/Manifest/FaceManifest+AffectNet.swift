extension FaceManifest {
  /// Reads a list of AffectNet's first release.
  ///
  /// The columns may come in any order and others may stand between them. Expressions 8 (none), 9
  /// (uncertain) and 10 (no face) are excluded and counted; valence and arousal of −2 are unknown.
  /// Images are not touched: a missing one shows when it is loaded.
  ///
  /// - Parameters:
  ///   - csv: the list.
  ///   - root: the folder that its image paths are relative to.
  ///   - onError: what happens to rows with bad values; the limit counts rows of this list.
  /// - Throws: `DatasetError` naming file, line and column; also when no usable row is left.
  /// - Source: A. Mollahosseini et al., "AffectNet: a database for facial expression, valence, and
  ///   arousal computing in the wild", IEEE Transactions on Affective Computing 10(1), 2019.
  public static func affectNet(
    csv: String, root: String, onError: ErrorPolicy
  ) throws -> FaceManifest {
    let reader = try DelimitedReader(file: csv)
    let columns = try AffectNetColumns(headerOf: reader, file: csv)
    var manifest = FaceManifest(path: csv, root: root, records: [])
    while try reader.next() {
      do throws(RowProblem) {
        if let record = try columns.record(of: reader) {
          manifest.records.append(record)
        } else {
          manifest.excluded += 1
        }
      } catch {
        if onError == .fail { throw DatasetError.row(error) }
        manifest.problems.append(error)
      }
    }
    try manifest.check(onError)
    return manifest
  }

  private func check(_ policy: ErrorPolicy) throws {
    if case .skip(let limit) = policy, problems.count > limit {
      throw DatasetError.tooManyRows(
        file: path, count: problems.count, limit: limit,
        first: problems.prefix(5).map(\.description))
    }
    if records.isEmpty {
      throw DatasetError.emptySplit(
        file: path, rows: problems.count + excluded, problems: problems.count, excluded: excluded)
    }
  }
}

extension RowProblem: Error {}

/// Where the header puts the columns of AffectNet, and how their values are read.
struct AffectNetColumns {
  /// The header of the first release.
  static let header = [
    "subDirectory_filePath", "face_x", "face_y", "face_width", "face_height", "facial_landmarks",
    "expression", "valence", "arousal",
  ]
  private static let excludedExpressions = 8...10

  private let file: String
  private let columnCount: Int
  private let image: Int
  private let box: [Int]
  private let expression: Int
  private let valence: Int
  private let arousal: Int

  /// Reads the header, the first row of the file.
  init(headerOf reader: DelimitedReader, file: String) throws {
    guard try reader.next() else { throw DatasetError.emptyList(file: file) }
    let names = (0..<reader.fieldCount).map {
      String(decoding: reader.field($0), as: UTF8.self)
    }
    func column(_ name: String) throws -> Int {
      guard let index = names.firstIndex(of: name) else {
        throw DatasetError.missingColumn(
          file: file, column: name, nearest: Self.nearest(to: name, in: names))
      }
      return index
    }
    self.file = file
    columnCount = names.count
    image = try column("subDirectory_filePath")
    box = try ["face_x", "face_y", "face_width", "face_height"].map(column)
    expression = try column("expression")
    valence = try column("valence")
    arousal = try column("arousal")
  }

  /// The record of the reader's row, nil where its expression is one that is excluded.
  func record(of reader: DelimitedReader) throws(RowProblem) -> FaceRecord? {
    let row = RowValues(reader: reader, file: file)
    guard reader.fieldCount == columnCount else {
      throw row.problem("has \(reader.fieldCount) fields where the header has \(columnCount)")
    }
    let code = try row.integer(expression, "expression")
    if Self.excludedExpressions.contains(code) { return nil }
    guard let label = Expression(rawValue: code) else {
      throw row.problem("\(code) is not an expression (0 to 10)", column: "expression")
    }
    let path = row.text(image)
    if path.isEmpty { throw row.problem("names no image", column: "subDirectory_filePath") }
    return FaceRecord(
      imagePath: path, faceBox: try faceBox(row), expression: label,
      valence: try row.affect(valence, "valence"), arousal: try row.affect(arousal, "arousal"),
      line: reader.line)
  }

  private func faceBox(_ row: RowValues) throws(RowProblem) -> FaceBox? {
    if box.allSatisfy({ row.text($0).isEmpty }) { return nil }
    let face = FaceBox(
      x: try row.integer(box[0], "face_x"), y: try row.integer(box[1], "face_y"),
      width: try row.integer(box[2], "face_width"), height: try row.integer(box[3], "face_height"))
    guard face.width > 0 && face.height > 0 else {
      let column = face.width > 0 ? "face_height" : "face_width"
      throw row.problem("the face box is \(face.width)x\(face.height) pixels", column: column)
    }
    return face
  }

  /// The name that differs least from `name`, where that is little enough to be a slip.
  private static func nearest(to name: String, in names: [String]) -> String? {
    let distances = names.map {
      (name: $0, edits: editDistance($0.lowercased(), name.lowercased()))
    }
    guard let best = distances.min(by: { $0.edits < $1.edits }) else { return nil }
    return best.edits <= max(2, name.count / 3) ? best.name : nil
  }
}

/// The values of one row, with the row's place for the messages.
private struct RowValues {
  let reader: DelimitedReader
  let file: String

  func text(_ index: Int) -> String { String(decoding: reader.field(index), as: UTF8.self) }

  func problem(_ reason: String, column: String? = nil) -> RowProblem {
    RowProblem(file: file, line: reader.line, column: column, reason: reason)
  }

  /// An integer; lists that went through a spreadsheet also write it as `12.0`.
  func integer(_ index: Int, _ column: String) throws(RowProblem) -> Int {
    let text = text(index)
    if let value = Int32(text) { return Int(value) }
    if let value = Double(text), let exact = Int32(exactly: value.rounded()) { return Int(exact) }
    throw problem(text.isEmpty ? "is empty" : "'\(text)' is not a number", column: column)
  }

  /// Valence or arousal.
  func affect(_ index: Int, _ column: String) throws(RowProblem) -> Float? {
    let text = text(index)
    guard let value = Float(text) else {
      throw problem(text.isEmpty ? "is empty" : "'\(text)' is not a number", column: column)
    }
    if value == -2 { return nil }
    guard (-1...1).contains(value) else {
      throw problem("\(text) is outside -1 to 1 (and not -2 for unknown)", column: column)
    }
    return value
  }
}
