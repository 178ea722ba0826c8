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

  /// Whether an extraction to `output` ended when its table had its name and its features did not yet.
  static func isBetweenItsFiles(_ output: String) -> Bool {
    let table = table(of: output)
    return DurableFiles.exists(table) && !DurableFiles.exists(output)
      && DurableFiles.exists(UnfinishedFile.path(of: output))
      && !DurableFiles.exists(UnfinishedFile.path(of: table))
  }

  /// Writes both beside their places and renames them, the features last: where they are, all is there, and of
  /// one extraction.
  ///
  /// - Parameters:
  ///   - parts: in order.
  ///   - rows: of all parts.
  ///   - source: the file that a row is of.
  /// - Throws: `TrainerError`.
  func write(
    _ parts: [PartFile], rows: Int, metadata: [String: String],
    source: (ExtractionPart, RowOrigin) -> String
  ) throws {
    let table = Self.table(of: output)
    let features = try GrowingFile(output)
    let lines = try GrowingFile(table)
    try features.append(format.header(rows: rows, width: width, metadata: metadata))
    try lines.append(Array((RowTable.columns.joined(separator: ",") + "\n").utf8))
    var row = 0
    for part in parts {
      try part.forEachSlice { content in
        for (place, origin) in content.origins.enumerated() {
          let line = RowTable.line(row, origin, source: source(part.part, origin))
          try lines.append("\(line)\n".utf8)
          if format == .csv {
            try features.append(
              Self.text(line, content.features[(place * width)..<((place + 1) * width)]))
          }
          row += 1
        }
        if format != .csv { try content.features.withUnsafeBytes { try features.append($0) } }
      }
    }
    // Of another extraction, which the table would not fit.
    try DurableFiles.remove(output)
    try lines.finish()
    try features.finish()
  }

  private static func text(_ line: String, _ features: ArraySlice<Float>) -> [UInt8] {
    Array((line + features.map { ",\($0)" }.joined() + "\n").utf8)
  }
}
