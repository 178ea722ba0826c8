import Datasets
import Foundation
import Media

/// What the command line names, as lists of images, films and sounds in its order.
struct ExtractionInputs {
  /// The images, list by list.
  private(set) var lists: [FaceManifest] = []
  /// What is extracted, in order.
  private(set) var parts: [ExtractionPart] = []
  /// Files of folders that the network has no sense for, such as sounds for one that sees.
  private(set) var passedOver = 0
  /// Rows of lists, names in folders and files that cannot be used.
  private(set) var problems: [String] = []

  private let sense: Modality
  private let run: String
  private let root: String?
  private let policy: ErrorPolicy
  /// Images that were named one by one, of which a list is made.
  private var pending: [String] = []

  /// Looks at what is there.
  ///
  /// - Parameters:
  ///   - paths: images, folders, lists, shards, films and sounds.
  ///   - sense: what the network perceives by.
  ///   - run: the network's run, for messages.
  ///   - root: the folder that the paths of lists are relative to; nil for the list's own.
  ///   - policy: what becomes of rows and names that cannot be used.
  /// - Throws: `TrainerError.usage` for what the network cannot perceive, `DatasetError`.
  init(
    _ paths: [String], sense: Modality, run: String, root: String?, policy: ErrorPolicy
  ) throws {
    self.sense = sense
    self.run = run
    self.root = root
    self.policy = policy
    for path in paths { try add(path) }
    flush()
  }

  private mutating func add(_ path: String) throws {
    let isShards = path.hasSuffix(".tar")
    guard isShards ? FaceManifest.listExists(path: path) : DurableFiles.exists(path) else {
      throw TrainerError.usage(
        "'\(path)' does not exist; name images, films, sounds, lists, shards or folders of them")
    }
    if DurableFiles.isFolder(path) {
      try add(folder: path)
    } else if isShards || ["csv", "txt", "index"].contains(where: { path.hasSuffix(".\($0)") }) {
      try add(list: path)
    } else {
      try add(file: path)
    }
  }

  private mutating func add(list path: String) throws {
    guard sense == .visual else { throw deaf(path, "a list of images") }
    let folder = root ?? DurableFiles.parent(of: path)
    append(try FaceManifest.unlabeled(path: path, root: folder, onError: policy))
  }

  private mutating func add(folder path: String) throws {
    let folder = try MediaFiles(in: path)
    if case .fail = policy, let problem = folder.problems.first {
      throw DatasetError.row(problem)
    }
    problems += folder.problems.map(\.description)
    let wanted = folder.files.filter { perceives($0.kind) }
    passedOver += folder.files.count - wanted.count
    guard !wanted.isEmpty else {
      throw DatasetError.nothingUsable(
        file: path, what: sense == .visual ? "image or film" : "sound or film",
        reason: folder.files.isEmpty
          ? "no file has the name of one; shards are named by themselves, as in "
            + "faces-{000000..000099}.tar"
          : "\(run) perceives by the \(sense.medium) alone, and there are only others")
    }
    // Images together, so that they fill batches.
    pending += wanted.filter { $0.kind == .image }.map(\.path)
    for file in wanted where file.kind != .image { append(recording: file.path) }
  }

  private mutating func add(file path: String) throws {
    let kind: MediaKind
    do {
      kind = try MediaKind(ofContent: path)
    } catch let error as MediaError where policy != .fail {
      problems.append("\(error)")
      return
    }
    switch kind {
    case .image where sense == .audio: throw deaf(path, "a picture")
    case .image: pending.append(path)
    case .sound where sense == .visual:
      throw TrainerError.usage(
        "\(path): has no pictures, and the network of \(run) sees; name a run of audio")
    case .film, .sound: append(recording: path)
    }
  }

  private func deaf(_ path: String, _ what: String) -> TrainerError {
    .usage("\(path): is \(what), and the network of \(run) hears; name a run of teacher or distill")
  }

  private func perceives(_ kind: MediaKind) -> Bool {
    switch kind {
    case .image: sense == .visual
    case .film: true
    case .sound: sense == .audio
    }
  }

  /// Makes a list of the images that are pending.
  private mutating func flush() {
    guard let first = pending.first else { return }
    let list = FaceManifest(
      path: first, root: ".",
      records: pending.map {
        FaceRecord(
          imagePath: $0, faceBox: nil, expression: nil, valence: nil, arousal: nil, line: 0)
      })
    pending = []
    append(list)
  }

  private mutating func append(_ list: FaceManifest) {
    flush()
    problems += list.problems.map(\.description)
    parts += ExtractionPart.parts(ofList: lists.count, rows: list.records.count)
    lists.append(list)
  }

  private mutating func append(recording path: String) {
    flush()
    parts.append(
      ExtractionPart(content: sense == .visual ? .film(path) : .sound(path)))
  }
}
