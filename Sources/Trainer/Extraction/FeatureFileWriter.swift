import Foundation

/// Puts the parts of an extraction together, in order: the features, and the table of what each row is.
struct FeatureFileWriter {
  /// The file of features.
  let output: String
  let format: FeatureFormat
  /// Features of a row.
  let width: Int

  /// The table of what each row is: beside the features, `faces.rows.csv` for `faces.npy`.
  static func table(of output: String) -> String {
    let name = output.split(separator: "/").last ?? ""
    let stem = name.lastIndex(of: ".").map {
      output.dropLast(name.distance(from: $0, to: name.endIndex))
    }
    return "\(stem ?? output[...]).rows.csv"
  }

  /// Writes both beside their places and renames them, the features last: where they are, all is there.
  ///
  /// - Parameters:
  ///   - parts: gives the rows of each part, in order.
  ///   - rows: of all parts.
  ///   - source: the file that a row is of.
  /// - Throws: `TrainerError.system`.
  func write(
    parts: some Sequence<() throws -> ExtractedRows>, rows: Int, metadata: [String: String],
    source: (Int, RowOrigin) -> String
  ) throws {
    let table = Self.table(of: output)
    let features = try GrowingFile(output + ".writing")
    let lines = try GrowingFile(table + ".writing")
    try features.append(format.header(rows: rows, width: width, metadata: metadata))
    try lines.append(Array((RowTable.columns.joined(separator: ",") + "\n").utf8))
    var row = 0
    for (index, part) in parts.enumerated() {
      let content = try part()
      var text = ""
      for (place, origin) in content.origins.enumerated() {
        let line = RowTable.line(row, origin, source: source(index, origin))
        text += line + "\n"
        if format == .csv {
          try features.append(
            Self.text(line, content.features[(place * width)..<((place + 1) * width)]))
        }
        row += 1
      }
      try lines.append(Array(text.utf8))
      if format != .csv { try content.features.withUnsafeBytes { try features.append($0) } }
    }
    try lines.finish(as: table)
    try features.finish(as: output)
  }

  private static func text(_ line: String, _ features: ArraySlice<Float>) -> [UInt8] {
    Array((line + features.map { ",\($0)" }.joined() + "\n").utf8)
  }
}
