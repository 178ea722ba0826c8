import Datasets
import Media
import Nets

/// Makes the parts of an extraction that are not kept yet, on one rank.
final class ExtractionWork: SharedWork {
  private let network: ExtractionNetwork
  private let lists: [FaceManifest]
  private let folder: SharedFolder
  private let policy: ErrorPolicy
  private var problems = 0

  /// - Parameters:
  ///   - lists: the images that parts name.
  ///   - folder: keeps parts.
  ///   - policy: what becomes of files that cannot be used.
  init(
    _ network: ExtractionNetwork, lists: [FaceManifest], folder: String, policy: ErrorPolicy
  ) {
    self.network = network
    self.lists = lists
    self.folder = SharedFolder(path: folder)
    self.policy = policy
  }

  var words: WorkWords {
    WorkWords(result: "features", items: "parts", units: network.units, folder: folder.path)
  }

  /// Everything that decides features, but for the weights and the files.
  var summary: String { network.summary }

  /// The file that keeps a part.
  func path(of part: ExtractionPart) -> String { "\(folder.path)/\(part.digest).safetensors" }

  func units(of part: ExtractionPart) -> Int { part.units }

  /// What could not be used is tried again: it may be whole by now, or no more may be left out.
  func isKept(_ part: ExtractionPart) throws -> Bool {
    try SharedFolder.whole(
      path(of: part), remedy: "its features are extracted again", report: Job.printError
    ) { try rows(of: part) }.map(\.problems.isEmpty) ?? false
  }

  /// The rows of a part that is kept.
  func rows(of part: ExtractionPart) throws -> ExtractedRows {
    try ExtractedRows(file: path(of: part), width: network.width)
  }

  func begin(
    _ part: ExtractionPart, following: ArraySlice<ExtractionPart>
  ) throws -> any ExtractionPiece {
    switch part.content {
    case .images(let list, let rows):
      let ahead = following.prefix { $0.isOfImages(in: list) }.compactMap(\.imageRows)
      return try network.images(rows, of: lists[list], list: list, ahead: ahead, policy: policy)
    case .film(let path): return try network.film(path)
    case .sound(let path): return try network.sound(path)
    }
  }

  func advance(_ piece: any ExtractionPiece) throws -> Bool { try piece.advance() }

  func progress(of piece: any ExtractionPiece) -> Double { piece.progress }

  func keep(_ piece: any ExtractionPiece, of part: ExtractionPart) throws {
    let rows = piece.rows()
    guard rows.isFinite else { throw TrainerError.outputsNotFinite(weights: network.weights) }
    problems += rows.problems.count
    try refuseTooMany(rows.problems)
    try rows.write(to: path(of: part), in: folder)
  }

  /// Films and sounds that cannot be used are parts without rows, where that is allowed.
  func recover(from error: any Error, in part: ExtractionPart) throws -> Bool {
    guard case .skip = policy, error is MediaError, part.imageRows == nil else { return false }
    var rows = ExtractedRows(width: network.width)
    rows.problems = ["\(error)"]
    problems += 1
    try refuseTooMany(rows.problems)
    try rows.write(to: path(of: part), in: folder)
    return true
  }

  private func refuseTooMany(_ last: [String]) throws {
    guard case .skip(let limit) = policy, problems > limit else { return }
    throw TrainerError.tooManyLeftOut(count: problems, limit: limit, last: last.last ?? "")
  }
}

extension ExtractionPart {
  /// The images that it is of; nil for films and sounds.
  var imageRows: Range<Int>? {
    if case .images(_, let rows) = content { rows } else { nil }
  }

  /// Whether it is of images of a list.
  func isOfImages(in list: Int) -> Bool {
    if case .images(list, _) = content { true } else { false }
  }
}
