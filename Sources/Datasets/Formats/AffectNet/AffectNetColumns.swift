extension RowProblem: Error {}

/// Where the header puts the columns of AffectNet, and how their values are read.
struct AffectNetColumns {
  /// The header of the first release.
  static let header = [
    "subDirectory_filePath", "face_x", "face_y", "face_width", "face_height", "facial_landmarks",
    "expression", "valence", "arousal",
  ]
  /// None, uncertain, no face.
  static let excludedExpressions = 8...10

  /// Whether a list's first row is no header but a face, in the columns of the first release: the
  /// validation list was published like that.
  static func isFace(_ row: [String]) -> Bool {
    guard row.count == header.count, let expression = header.firstIndex(of: "expression") else {
      return false
    }
    return Int(row[expression]) != nil
      && FaceManifest.imageExtensions.contains(FolderListing.fileExtension(row[0]))
  }

  private let columnCount: Int
  private let image: Int
  private let box: [Int]
  private let landmarks: Int?
  private let expression: Int
  private let valence: Int
  private let arousal: Int

  /// - Parameter readsEyes: whether landmarks are looked at.
  init(header: ListHeader, readsEyes: Bool) throws {
    columnCount = header.names.count
    image = try header.column("subDirectory_filePath")
    box = try ["face_x", "face_y", "face_width", "face_height"].map(header.column)
    landmarks = readsEyes ? try header.optionalColumn("facial_landmarks") : nil
    expression = try header.column("expression")
    valence = try header.column("valence")
    arousal = try header.column("arousal")
  }

  /// The record of a row, nil where its expression is one that is excluded.
  func record(of row: RowValues) throws(RowProblem) -> FaceRecord? {
    try row.checkFieldCount(columnCount)
    let code = try row.integer(expression, "expression")
    if Self.excludedExpressions.contains(code) { return nil }
    guard let label = Expression(rawValue: code) else {
      throw row.problem("\(code) is not an expression (0 to 10)", column: "expression")
    }
    return FaceRecord(
      imagePath: try row.path(image, "subDirectory_filePath", of: "image", .insideRoot),
      faceBox: try faceBox(row), eyes: try eyes(row), expression: label,
      valence: try row.affect(valence, "valence"), arousal: try row.affect(arousal, "arousal"),
      line: row.reader.line)
  }

  private func faceBox(_ row: RowValues) throws(RowProblem) -> FaceBox? {
    if box.allSatisfy(row.isEmpty) { return nil }
    let face = FaceBox(
      x: try row.integer(box[0], "face_x"), y: try row.integer(box[1], "face_y"),
      width: try row.integer(box[2], "face_width"), height: try row.integer(box[3], "face_height"))
    guard face.width > 0 && face.height > 0 else {
      let column = face.width > 0 ? "face_height" : "face_width"
      throw row.problem("the face box is \(face.width)x\(face.height) pixels", column: column)
    }
    return face
  }

  private func eyes(_ row: RowValues) throws(RowProblem) -> EyeCenters? {
    guard let landmarks, !row.isEmpty(landmarks) else { return nil }
    do {
      return try EyeCenters(landmarks: row.reader.field(landmarks))
    } catch {
      throw row.problem(error.reason, column: "facial_landmarks")
    }
  }
}
