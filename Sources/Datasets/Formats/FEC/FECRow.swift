/// One row of FEC's list.
struct FECRow {
  static let columnCount = 28
  /// What rounding may add to a fraction; boxes beyond that are not within the image.
  private static let tolerance = 1e-3

  /// A face as the list names it.
  struct Face: Hashable {
    var address: String
    var box: FractionalBox
  }

  var faces: [Face] = []
  var type: TripletType
  /// How many annotators chose each of the faces.
  var votes = [0, 0, 0]

  init(_ row: RowValues) throws(RowProblem) {
    guard row.reader.fieldCount == Self.columnCount else {
      throw row.problem(
        "has \(row.reader.fieldCount) fields where FEC's rows have \(Self.columnCount)")
    }
    guard let type = TripletType(rawValue: row.text(15)) else {
      throw row.problem(
        "'\(row.quoted(15))' is not one of "
          + TripletType.allCases.map(\.rawValue).joined(separator: ", "), column: "triplet_type")
    }
    self.type = type
    for face in 0..<3 { faces.append(try Self.face(row, face)) }
    guard Set(faces).count == faces.count else {
      throw row.problem("two of the three faces are the same")
    }
    for annotator in 0..<TripletManifest.annotators {
      let column = "choice_\(annotator + 1)"
      let choice = try row.integer(17 + 2 * annotator, column)
      guard (1...3).contains(choice) else {
        throw row.problem("\(choice) is not one of the three faces", column: column)
      }
      votes[choice - 1] += 1
    }
  }

  private static func face(
    _ row: RowValues, _ face: Int
  ) throws(RowProblem) -> Face {
    let number = face + 1
    let address = try row.path(5 * face, "url_\(number)", of: "image", .anywhere)
    func edge(_ index: Int, _ name: String) throws(RowProblem) -> Float {
      let value = try row.number(5 * face + index, "\(name)_\(number)")
      guard (-tolerance...1 + tolerance).contains(value) else {
        throw row.problem("\(value) is not a fraction of the image", column: "\(name)_\(number)")
      }
      return Float(min(max(value, 0), 1))
    }
    let box = FractionalBox(
      left: try edge(1, "left"), right: try edge(2, "right"), top: try edge(3, "top"),
      bottom: try edge(4, "bottom"))
    guard box.left < box.right else {
      throw row.problem("the box ends where it begins or before", column: "right_\(number)")
    }
    guard box.top < box.bottom else {
      throw row.problem("the box ends where it begins or before", column: "bottom_\(number)")
    }
    return Face(address: address, box: box)
  }
}
