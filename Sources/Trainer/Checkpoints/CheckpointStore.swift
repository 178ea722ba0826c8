import Foundation

/// A checkpoint on disk whose manifest was verified.
struct Checkpoint: Equatable, Sendable {
  /// Its folder.
  var path: String
  /// Where the run stood.
  var state: CheckpointState

  /// The model's tensors.
  var modelPath: String { "\(path)/\(CheckpointStore.modelFile)" }
  /// The optimizer's tensors.
  var optimizerPath: String { "\(path)/\(CheckpointStore.optimizerFile)" }
}

/// The checkpoints of a run, `checkpoints/step-00000100/…`, and the marker `checkpoints/latest`.
///
/// A checkpoint is written under a temporary name, every file fsynced and read back for the
/// manifest, then renamed; the marker comes last. Whatever moment the power fails at, the newest
/// whole checkpoint is found again.
struct CheckpointStore: Sendable {
  static let modelFile = "model.safetensors"
  static let optimizerFile = "optimizer.safetensors"
  static let stateFile = "state.json"
  private static let namePrefix = "step-"
  private static let temporaryPrefix = ".writing-"
  private static let supersededFolder = "superseded"

  /// The folder that the checkpoints lie in.
  let folder: String
  /// How many are kept.
  let keep: Int

  /// The checkpoints in `folder`, which need not exist yet.
  init(folder: String, keep: Int) {
    self.folder = folder
    self.keep = keep
  }

  /// The path of the checkpoint after `step`.
  func path(step: Int) -> String {
    "\(folder)/\(Self.namePrefix)\(String(format: "%08d", step))"
  }

  /// Writes a checkpoint and then removes those beyond `keep`.
  ///
  /// - Parameters:
  ///   - state: where the run stands.
  ///   - writeModel: writes the model's tensors to the path it is given.
  ///   - writeOptimizer: writes the optimizer's tensors to the path it is given.
  /// - Throws: whatever writing throws; the earlier checkpoints are untouched then.
  func write(
    _ state: CheckpointState, writeModel: (String) throws -> Void,
    writeOptimizer: (String) throws -> Void
  ) throws {
    let destination = path(step: state.step)
    let temporary = temporaryPath(step: state.step)
    try DurableFiles.remove(temporary)
    try DurableFiles.makeFolder(temporary)
    try writeModel("\(temporary)/\(Self.modelFile)")
    try writeOptimizer("\(temporary)/\(Self.optimizerFile)")
    try DurableFiles.write(Self.json(state), to: "\(temporary)/\(Self.stateFile)")
    try seal(temporary)
    // A folder cannot be renamed onto another. From here to the renaming, the new checkpoint is
    // found by its temporary name.
    try DurableFiles.remove(destination)
    try DurableFiles.rename(temporary, to: destination)
    let name = (destination as NSString).lastPathComponent
    try DurableFiles.replace("\(folder)/latest", with: Array("\(name)\n".utf8))
    try prune(newest: state.step)
  }

  /// Whether there are checkpoints, whole or not.
  var hasCheckpoints: Bool { !steps().isEmpty }

  /// All checkpoints, whole or not, from the oldest to the newest.
  var paths: [String] {
    steps().flatMap { [path(step: $0), temporaryPath(step: $0)] }.filter(DurableFiles.exists)
  }

  /// The newest checkpoint that is whole, nil where there is none at all.
  ///
  /// - Parameter report: hears of each broken one that was passed over.
  /// - Throws: `TrainerError.noUsableCheckpoint` where all are broken, since beginning again would
  ///   overwrite what may be worth saving; `.system` where one cannot be read.
  func newestValid(report: (any Error) -> Void) throws -> Checkpoint? {
    var broken: [TrainerError] = []
    for step in steps().reversed() {
      for path in [path(step: step), temporaryPath(step: step)] where DurableFiles.exists(path) {
        do {
          return try Self.load(path)
        } catch let error as TrainerError {
          // What could not be read may be whole: that is for a person to find out.
          guard case .checkpointUnusable = error else { throw error }
          report(error)
          broken.append(error)
        }
      }
    }
    guard let newest = broken.first else { return nil }
    throw TrainerError.noUsableCheckpoint(
      folder: folder, count: broken.count, first: "\(newest)")
  }

  /// Moves the checkpoints after `step` out of the way, to `superseded`: who goes on from an earlier
  /// one does not want to be taken back to them by the next `--resume auto`.
  ///
  /// - Returns: the steps whose checkpoints were moved.
  func supersede(after step: Int) throws -> [Int] {
    let later = steps().filter { $0 > step }
    for step in later {
      try DurableFiles.makeFolder("\(folder)/\(Self.supersededFolder)")
      for path in [path(step: step), temporaryPath(step: step)] where DurableFiles.exists(path) {
        let name = (path as NSString).lastPathComponent
        let destination = "\(folder)/\(Self.supersededFolder)/\(name)"
        try DurableFiles.remove(destination)
        try DurableFiles.rename(path, to: destination)
      }
    }
    return later
  }

  /// The checkpoint in `path`, verified against its manifest.
  ///
  /// - Throws: `TrainerError.checkpointUnusable` saying what is wrong with it.
  static func load(_ path: String) throws -> Checkpoint {
    guard DurableFiles.exists(path) else {
      throw TrainerError.checkpointUnusable(path: path, reason: "there is no such folder")
    }
    let manifest = try CheckpointManifest(readingFrom: path)
    let expected = [modelFile, optimizerFile, stateFile].sorted()
    guard manifest.files.map(\.name) == expected else {
      throw TrainerError.checkpointUnusable(
        path: path, reason: "the manifest does not list \(expected.joined(separator: ", "))")
    }
    try manifest.verify(path)
    return try loadWithoutVerifying(path)
  }

  /// The checkpoint in `path`, whose digests another rank has verified.
  static func loadWithoutVerifying(_ path: String) throws -> Checkpoint {
    Checkpoint(path: path, state: try readState("\(path)/\(stateFile)", of: path))
  }

  // MARK: - Parts

  /// Makes the content of a folder durable, with its manifest.
  private func seal(_ temporary: String) throws {
    let names = [Self.modelFile, Self.optimizerFile, Self.stateFile]
    for name in names { try DurableFiles.synchronise("\(temporary)/\(name)") }
    let manifest = try CheckpointManifest(of: names, in: temporary)
    try DurableFiles.write(
      Self.json(manifest), to: "\(temporary)/\(CheckpointManifest.fileName)")
    try DurableFiles.synchronise(temporary)
  }

  /// Removes the oldest checkpoints up to `newest`; later ones, broken or not, are replaced when the
  /// run gets there.
  private func prune(newest: Int) throws {
    for step in steps().filter({ $0 <= newest }).dropLast(keep) {
      try DurableFiles.remove(path(step: step))
      try DurableFiles.remove(temporaryPath(step: step))
    }
  }

  /// The steps of which there are checkpoints, whole or not, ascending.
  private func steps() -> [Int] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let steps = names.compactMap { name -> Int? in
      let parts = name.components(separatedBy: Self.namePrefix)
      let isOurs = parts.count == 2 && ["", Self.temporaryPrefix].contains(parts[0])
      return isOurs ? Int(parts[1]) : nil
    }
    return Set(steps).sorted()
  }

  private func temporaryPath(step: Int) -> String {
    let name = (path(step: step) as NSString).lastPathComponent
    return "\(folder)/\(Self.temporaryPrefix)\(name)"
  }

  private static func readState(_ path: String, of checkpoint: String) throws -> CheckpointState {
    struct Format: Codable { var formatVersion: Int }
    let data = Data(try DurableFiles.contents(path) ?? [])
    let format = try? JSONDecoder().decode(Format.self, from: data)
    guard let format, format.formatVersion == CheckpointState.currentFormat else {
      throw TrainerError.checkpointUnusable(
        path: checkpoint,
        reason: "format \(format?.formatVersion ?? 0); this program reads format "
          + "\(CheckpointState.currentFormat)")
    }
    do {
      return try JSONDecoder().decode(CheckpointState.self, from: data)
    } catch {
      throw TrainerError.checkpointUnusable(
        path: checkpoint, reason: "\(stateFile) is not what this program writes")
    }
  }

  private static func json(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
  }
}
