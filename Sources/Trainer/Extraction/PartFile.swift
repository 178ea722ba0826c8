import Foundation
import Nets

/// What is known of a part of an extraction that is done, beside its rows.
struct PartSummary: Codable, Equatable {
  /// Rows of all slices.
  var rows = 0
  /// Files with rows in front of the last one.
  var slices = 0
  /// Images that could not be used, and why.
  var problems: [String] = []
  /// Where no face was found.
  var faceless: [String] = []
}

/// Keeps a part of an extraction: so many rows a file that no film is too long for the memory.
///
/// The last file is written when all others are there, and says how many they are.
struct PartFile {
  let folder: SharedFolder
  let part: ExtractionPart
  /// Features of a row.
  let width: Int

  private static let key = "part"
  /// Bytes of features in a file, and those of a pass more.
  static let sliceBytes = 16 << 20

  /// The file that says that the part is done.
  var path: String { "\(folder.path)/\(part.digest).safetensors" }

  private func path(ofSlice slice: Int) -> String {
    "\(folder.path)/\(part.digest).\(slice).safetensors"
  }

  /// Writes rows that others follow.
  ///
  /// - Throws: `TrainerError.system`.
  func write(_ rows: ExtractedRows, slice: Int) throws {
    try rows.write(to: path(ofSlice: slice), in: folder)
  }

  /// Writes the last rows, and what is known of all.
  ///
  /// - Throws: `TrainerError.system`.
  func finish(_ rows: ExtractedRows, _ summary: PartSummary) throws {
    let text = String(decoding: try JSONEncoder().encode(summary), as: UTF8.self)
    try rows.write(to: path, in: folder, metadata: [Self.key: text])
  }

  /// What is known of a part that is done.
  ///
  /// - Throws: `WeightsError`, `TrainerError.featuresBroken`.
  func summary() throws -> PartSummary {
    guard let text = try SafetensorsReader(path: path).metadata[Self.key],
      let summary = try? JSONDecoder().decode(PartSummary.self, from: Data(text.utf8)),
      summary.rows >= 0, summary.slices >= 0
    else { throw broken }
    return summary
  }

  /// Gives the rows, some after others.
  ///
  /// - Returns: what is known of the part.
  /// - Throws: what `use` throws; `WeightsError`, `TrainerError.featuresBroken` where they are not what was
  ///   written.
  @discardableResult
  func forEachSlice(_ use: (ExtractedRows) throws -> Void) throws -> PartSummary {
    let summary = try summary()
    var count = 0
    for slice in 0...summary.slices {
      let file = slice < summary.slices ? path(ofSlice: slice) : path
      let rows = try ExtractedRows(file: file, width: width)
      guard rows.origins.allSatisfy(part.has) else { throw broken }
      try use(rows)
      count += rows.origins.count
    }
    guard count == summary.rows else { throw broken }
    return summary
  }

  /// Removes all parts of a folder, and the folder where nothing else is in it.
  ///
  /// - Throws: `TrainerError.system`.
  static func removeAll(in folder: String) throws {
    // A digest, a slice's number, what broken files and those under way are called.
    let part = /[0-9a-f]{64}(\.[0-9]+)?\.safetensors(\.broken|\..+\.writing)?/
    for name in try DurableFiles.names(in: folder) where name.wholeMatch(of: part) != nil {
      try DurableFiles.remove("\(folder)/\(name)")
    }
    rmdir(folder)
  }

  private var broken: TrainerError {
    .featuresBroken(file: path, reason: "is no part of this extraction")
  }
}

extension ExtractionPart {
  /// Whether a row can be of it.
  fileprivate func has(_ origin: RowOrigin) -> Bool {
    switch content {
    case .images(_, let rows): origin.image.map(rows.contains) ?? false
    case .film, .sound: origin.frame != nil
    }
  }
}
