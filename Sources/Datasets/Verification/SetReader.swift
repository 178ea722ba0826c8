import Foundation

/// Reads the lists of a data set; media are not touched.
struct SetReader {
  let path: String
  let format: DataFormat
  /// The folder that paths in lists are relative to, nil for the list's own.
  let root: String?
  /// The list or folder of a triplet list's images, nil for what lies beside it.
  let images: String?
  let log: FindingLog

  /// The splits; what cannot be used is in the log.
  ///
  /// - Throws: `DatasetError.setting` where the format does not fit the path at all.
  func parts() throws -> [VerifiedPart] {
    switch format {
    case .affectNet: try lists().flatMap(affectNet)
    case .faceList: try lists().flatMap(faceList)
    case .faces: try faceFolder()
    case .affectNetArrays: try affectNetArrays()
    case .fec: try triplets(lists())
    case .rafDB: try rafDB()
    case .recola: try recordings()
    case .ravdess: try ravdess()
    case .speech: try lists().flatMap(speech)
    case .shards: try shards()
    case .media: try mediaFolder()
    case .corpus: []
    }
  }

  /// The lists to read: the one that was named, or all of the format in the folder.
  private func lists() throws -> [String] {
    guard DataFormat.isFolder(path) else { return [path] }
    let names = try format.lists(in: path)
    if names.isEmpty {
      throw DatasetError.setting(
        name: "--format", reason: "\(path) has no list of the format \(format.rawValue)")
    }
    return names.map { "\(path)/\($0)" }
  }

  func root(ofList list: String) -> String { root ?? ShardPattern.folder(of: list) }

  /// Takes note of all rows that were left out.
  func note(_ problems: [RowProblem]) throws {
    for problem in problems { try log.add(Finding(problem)) }
  }

  /// Reads a list and leaves out all rows that have to be.
  ///
  /// Where none is left, readers give up without saying why: then they are asked once more.
  func read<Value>(_ list: String, _ read: (ErrorPolicy) throws -> Value) throws -> Value? {
    do {
      return try read(.skip(limit: .max))
    } catch let error as DatasetError {
      if case .setting = error { throw error }
      try log.add(Finding(error, in: list))
    }
    do {
      return try read(.skip(limit: 0))
    } catch DatasetError.row(let problem) {
      try log.add(Finding(problem))
    } catch DatasetError.tooManyRows(_, _, _, let first) {
      for problem in first {
        try log.add(
          Finding(kind: .row, file: list, reason: String(problem.trimmingPrefix("\(list):"))))
      }
    } catch is DatasetError {}
    return nil
  }
}
