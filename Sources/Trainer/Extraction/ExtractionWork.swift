import Datasets
import Media
import Nets

/// Makes the parts of an extraction that are not kept yet, on one rank.
final class ExtractionWork: SharedWork {
  private let network: ExtractionNetwork
  private let lists: [FaceManifest]
  private let folder: SharedFolder
  private let policy: ErrorPolicy
  private var problemCount = 0

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

  /// What keeps a part.
  func file(of part: ExtractionPart) -> PartFile {
    PartFile(folder: folder, part: part, width: network.width)
  }

  func units(of part: ExtractionPart) -> Int { part.units }

  /// What could not be used is tried again: it may be whole by now, or no more may be left out.
  func isKept(_ part: ExtractionPart) throws -> Bool {
    let file = file(of: part)
    return try SharedFolder.whole(
      file.path, remedy: "its features are extracted again", report: Job.printError
    ) {
      try file.forEachSlice { _ in }
    }?.problems.isEmpty ?? false
  }

  func begin(
    _ part: ExtractionPart, following: ArraySlice<ExtractionPart>
  ) throws -> PartInWork {
    PartInWork(try piece(of: part, following: following), file: file(of: part))
  }

  private func piece(
    of part: ExtractionPart, following: ArraySlice<ExtractionPart>
  ) throws -> any ExtractionPiece {
    switch part.content {
    case .images(let list, let rows):
      let ahead = following.prefix { $0.isOfImages(in: list) }.compactMap(\.imageRows)
      return try network.images(rows, of: lists[list], list: list, ahead: ahead, policy: policy)
    case .film(let path): return try network.film(path)
    case .sound(let path): return try network.sound(path)
    }
  }

  func advance(_ work: PartInWork) throws -> Bool {
    let isMore = try work.piece.advance()
    let rows = work.piece.takeRows()
    guard rows.isFinite else { throw TrainerError.outputsNotFinite(weights: network.weights) }
    try work.take(rows)
    return isMore
  }

  func progress(of work: PartInWork) -> Double { work.piece.progress }

  func keep(_ work: PartInWork, of part: ExtractionPart) throws {
    let problems = work.piece.problems
    problemCount += problems.count
    try refuseTooMany(problems)
    try work.finish()
  }

  /// Errors that do not name the file are about it all the same.
  func failure(_ error: any Error, of part: ExtractionPart) -> any Error {
    guard let recording = part.recording, error is DatasetError else { return error }
    return TrainerError.recordingUnusable(name: recording, reason: "\(error)")
  }

  /// Films and sounds that cannot be used are parts without rows, where that is allowed.
  func recover(from error: any Error, in part: ExtractionPart) throws -> Bool {
    guard case .skip = policy, let recording = part.recording,
      error is MediaError || error is DatasetError
    else { return false }
    let problem = error is MediaError ? "\(error)" : "\(recording): \(error)"
    problemCount += 1
    try refuseTooMany([problem])
    try file(of: part).finish(
      ExtractedRows(width: network.width), PartSummary(problems: [problem]))
    return true
  }

  private func refuseTooMany(_ last: [String]) throws {
    guard case .skip(let limit) = policy, problemCount > limit else { return }
    throw TrainerError.tooManyLeftOut(count: problemCount, limit: limit, last: last.last ?? "")
  }
}

/// A part that is being made, whose rows are written while more of them come.
final class PartInWork {
  let piece: any ExtractionPiece
  private let file: PartFile
  private var rows: ExtractedRows
  private var summary = PartSummary()

  init(_ piece: any ExtractionPiece, file: PartFile) {
    self.piece = piece
    self.file = file
    rows = ExtractedRows(width: file.width)
  }

  /// Takes the rows that came last.
  ///
  /// - Throws: `TrainerError.system`.
  func take(_ more: ExtractedRows) throws {
    rows.append(more)
    summary.rows += more.origins.count
    guard rows.features.count * MemoryLayout<Float>.stride >= PartFile.sliceBytes else { return }
    try file.write(rows.takeAll(), slice: summary.slices)
    summary.slices += 1
  }

  /// Writes what is left.
  ///
  /// - Throws: `TrainerError.system`.
  func finish() throws {
    (summary.problems, summary.faceless) = (piece.problems, piece.faceless)
    try file.finish(rows, summary)
  }
}

extension ExtractionPart {
  /// The images that it is of; nil for films and sounds.
  var imageRows: Range<Int>? {
    if case .images(_, let rows) = content { rows } else { nil }
  }

  /// The film or the sound that it is of; nil for images.
  var recording: String? {
    switch content {
    case .film(let path), .sound(let path): path
    case .images: nil
    }
  }

  /// Whether it is of images of a list.
  func isOfImages(in list: Int) -> Bool {
    if case .images(list, _) = content { true } else { false }
  }
}
