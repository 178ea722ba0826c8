import Digests
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
  /// All files that hold tensors.
  ///
  /// - Throws: `TrainerError.checkpointUnusable` where the manifest cannot be read.
  var tensorPaths: [String] {
    get throws {
      try CheckpointManifest(readingFrom: path).files.map(\.name)
        .filter { $0 != CheckpointStore.stateFile }.map { "\(path)/\($0)" }
    }
  }
}

/// A checkpoint that cannot be used.
struct BrokenCheckpoint {
  /// Its folder.
  var path: String
  /// Why it cannot.
  var error: TrainerError
}

/// Which checkpoints of a run are kept.
struct CheckpointRetention: Equatable, Sendable {
  /// The newest.
  var newest: Int
  /// Those after every so many updates as well; nil for none.
  var everySteps: Int?

  /// Whether the checkpoint after `step` is kept, of all that there are at `steps`, ascending.
  ///
  /// - Parameter best: the update after which the best model so far was found.
  func keeps(_ step: Int, of steps: [Int], best: Int?) -> Bool {
    steps.suffix(newest).contains(step) || step == best
      || everySteps.map { step.isMultiple(of: $0) } ?? false
  }
}

/// The checkpoints of a run, `checkpoints/step-00000100/…`, and the marker `checkpoints/latest`.
///
/// A checkpoint is written under a temporary name, by one process or several, and every file is on the
/// device before the manifest is; then it is renamed, and the marker comes last. Whatever moment a
/// process is killed or the power fails at, the newest whole checkpoint is found again.
struct CheckpointStore: Sendable {
  static let modelFile = "model.safetensors"
  static let optimizerFile = "optimizer.safetensors"
  static let stateFile = "state.json"
  private static let residualPrefix = "residuals"
  private static let namePrefix = "step-"
  private static let temporaryPrefix = ".writing-"
  private static let brokenPrefix = "broken-"
  /// Of a checkpoint in whose place a new one of the same step is being put.
  private static let replacedPrefix = ".replaced-"
  private static let supersededFolder = "superseded"

  /// The folder that the checkpoints lie in.
  let folder: String
  /// Which ones stay.
  let retention: CheckpointRetention

  /// The checkpoints in `folder`, which need not exist yet.
  init(folder: String, retention: CheckpointRetention = CheckpointRetention(newest: 1)) {
    self.folder = folder
    self.retention = retention
  }

  /// The path of the checkpoint after `step`.
  func path(step: Int) -> String {
    "\(folder)/\(Self.name(step: step))"
  }

  /// The file of what rounding has left out of a group's gradients; nil for that of the sum over all groups.
  static func residualFile(group: Int?) -> String {
    residualPrefix + (group.map { String(format: "-%04d", $0) } ?? "") + ".safetensors"
  }

  // MARK: - Where the run began

  /// The checkpoint of another run that this one began at, nil where it began at none.
  ///
  /// Before the run has a checkpoint of its own, it goes on from there.
  var origin: String? {
    get throws {
      guard let bytes = try DurableFiles.contents(originMarker) else { return nil }
      let path = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .newlines)
      guard path.hasPrefix("/"), path.rangeOfCharacter(from: .controlCharacters) == nil else {
        throw TrainerError.checkpointUnusable(
          path: originMarker,
          reason: "it does not name the checkpoint that the run began at: start anew in another "
            + "folder with --run")
      }
      return path
    }
  }

  /// The checkpoint of another run that this one began at, verified.
  ///
  /// - Throws: `TrainerError.checkpointUnusable` where it is not as it was.
  func loadOrigin() throws -> Checkpoint? {
    guard let path = try origin else { return nil }
    do {
      return try Self.load(path)
    } catch TrainerError.checkpointUnusable(_, let reason) {
      throw TrainerError.checkpointUnusable(
        path: path,
        reason:
          "\(reason). The run began at this checkpoint, as \(originMarker) says, and has none of "
          + "its own: bring it back, or start anew in another folder with --run")
    }
  }

  /// Remembers a checkpoint of another run that this one begins at, or that it begins at none; one of its
  /// own is nothing to remember.
  ///
  /// - Throws: `TrainerError.system`.
  func rememberOrigin(_ checkpoint: Checkpoint?) throws {
    guard let checkpoint else { return try DurableFiles.remove(originMarker) }
    guard !contains(checkpoint: checkpoint.path) else { return }
    try DurableFiles.replace(
      originMarker, with: Array("\(Self.resolved(checkpoint.path))\n".utf8))
  }

  /// Whether the run can go on from a checkpoint: one of its own, or the one it began at, by whatever path.
  func canGoOn(from checkpoint: String) -> Bool {
    contains(checkpoint: checkpoint) || (try? origin) == Self.resolved(checkpoint)
  }

  private func contains(checkpoint: String) -> Bool {
    Self.resolvedParent(of: checkpoint).path
      == URL(fileURLWithPath: folder).resolvingSymlinksInPath().path
  }

  /// A path without links on its way; what it names need not exist.
  private static func resolved(_ path: String) -> String {
    let name = URL(fileURLWithPath: path).lastPathComponent
    return resolvedParent(of: path).appendingPathComponent(name).path
  }

  private static func resolvedParent(of path: String) -> URL {
    URL(fileURLWithPath: path).deletingLastPathComponent().resolvingSymlinksInPath()
  }

  private var originMarker: String { "\(folder)/origin" }

  // MARK: - Writing

  /// Makes the temporary folder of a checkpoint, with its files, where there is room for them.
  ///
  /// - Throws: `TrainerError.system`; nothing is left then.
  func prepare(step: Int, _ files: [CheckpointFileSize]) throws {
    let temporary = temporaryPath(step: step)
    try DurableFiles.remove(temporary)
    try DurableFiles.makeFolder(temporary)
    do {
      try DurableFiles.requireRoom(files.totalBytes, in: temporary)
      for file in files {
        try DurableFiles.make("\(temporary)/\(file.name)", ofBytes: file.bytes)
      }
    } catch {
      abandon(step: step)
      throw error
    }
  }

  /// Writes pieces of a checkpoint's prepared files; they are on the device when it returns.
  ///
  /// - Parameters:
  ///   - files: of `prepare`.
  ///   - share: this process's pieces, and their bytes.
  /// - Returns: the SHA-256 of each piece.
  /// - Throws: `TrainerError.system`.
  func write(
    step: Int, _ files: [CheckpointFileSize], _ share: [(CheckpointPiece, UnsafeRawBufferPointer)]
  ) throws -> [String] {
    var digests: [String] = []
    let digest = try SHA256()
    for (index, file) in files.enumerated() {
      let own = share.filter { $0.0.file == index }
      guard !own.isEmpty else { continue }
      let path = "\(temporaryPath(step: step))/\(file.name)"
      let target = try systemCall("open", path) { open(path, O_WRONLY | O_CLOEXEC) }
      defer { close(target) }
      for (piece, bytes) in own {
        try DurableFiles.write(bytes, to: target, at: piece.range.lowerBound, path: path)
        try digest.restart()
        try digest.update(bytes)
        digests.append(try digest.finish())
      }
      try systemCall("fsync", path) { fsync(target) }
    }
    return digests
  }

  /// Makes a checkpoint, of which all pieces are written, the newest one; removes those that are not kept.
  /// It counts once it has its name: what goes wrong after that is a remark.
  ///
  /// - Parameters:
  ///   - entries: the files that were written.
  ///   - requireOwnership: throws where the run folder is another job's by now; asked last.
  /// - Returns: what could not be done once the checkpoint was there; nil where all was.
  /// - Throws: `TrainerError.system`, what `requireOwnership` throws; earlier checkpoints are untouched
  ///   then.
  @discardableResult
  func commit(
    _ state: CheckpointState, _ entries: [CheckpointManifest.Entry],
    requireOwnership: () throws -> Void = {}
  ) throws -> String? {
    let (destination, temporary) = (path(step: state.step), temporaryPath(step: state.step))
    try seal(temporary, state, entries)
    try requireOwnership()
    try put(temporary, inPlaceOf: destination)
    // What cannot be named cannot be left to pile up either.
    let failures = [
      Result { try mark(destination) },
      Result { try prune(newest: state.step, best: state.best?.step) },
    ].compactMap { result in
      if case .failure(let error) = result { "\(error)" } else { nil }
    }
    return failures.isEmpty
      ? nil
      : "the checkpoint after step \(state.step) is on disk, but "
        + failures.joined(separator: "; ")
  }

  /// Lets `latest` name a checkpoint.
  func mark(_ path: String) throws {
    let name = (path as NSString).lastPathComponent
    try DurableFiles.replace(marker, with: Array("\(name)\n".utf8))
  }

  /// Lets `latest` name the checkpoint that a run goes on from, where another was the newest: that one is
  /// broken or superseded now, or this one's process was killed before it could say so.
  func correctMark(to checkpoint: Checkpoint) throws {
    let (path, name) = (path(step: checkpoint.state.step), Self.name(step: checkpoint.state.step))
    // The checkpoint of another folder leaves this one without any.
    guard DurableFiles.hasEntry(path), try markedName() != name else { return }
    try mark(path)
  }

  /// What `latest` names, nil where there is none.
  private func markedName() throws -> String? {
    try DurableFiles.contents(marker).map {
      String(decoding: $0.prefix(100), as: UTF8.self).trimmingCharacters(
        in: .whitespacesAndNewlines)
    }
  }

  /// Gives a whole checkpoint its name. One of the same step that has it is kept until then, and has it
  /// again where that fails.
  private func put(_ temporary: String, inPlaceOf destination: String) throws {
    let aside = replacedPath(of: destination)
    do {
      // A folder cannot be renamed onto another.
      if DurableFiles.hasEntry(destination) {
        try DurableFiles.remove(aside)
        try DurableFiles.rename(destination, to: aside)
      }
      try DurableFiles.rename(temporary, to: destination)
    } catch {
      if !DurableFiles.hasEntry(destination), DurableFiles.hasEntry(aside) {
        try? DurableFiles.rename(aside, to: destination)
      }
      throw error
    }
    // What stays is removed by the next start.
    try? DurableFiles.remove(aside)
  }

  private var marker: String { "\(folder)/latest" }

  private func replacedPath(of path: String) -> String {
    "\(folder)/\(Self.replacedPrefix)\((path as NSString).lastPathComponent)"
  }

  /// Removes what was written of a checkpoint that will not be completed, where that is possible.
  func abandon(step: Int) { try? DurableFiles.remove(temporaryPath(step: step)) }

  // MARK: - Finding

  /// Whether there are checkpoints, whole or not, or may be: who cannot look must not begin afresh.
  var hasCheckpoints: Bool { (try? steps().isEmpty) != true }

  /// All checkpoints, whole or not, from the oldest to the newest.
  ///
  /// - Throws: as `newestValid` does where there may be some that it cannot tell.
  var paths: [String] {
    get throws {
      try steps().flatMap { [path(step: $0), temporaryPath(step: $0)] }
        .filter(DurableFiles.hasEntry)
    }
  }

  /// The newest checkpoint that is whole, nil where there is none at all.
  ///
  /// What was being written when its process was killed is no checkpoint yet.
  ///
  /// - Parameter report: hears of each broken one that was passed over.
  /// - Throws: `TrainerError.noUsableCheckpoint` where all are broken, since beginning again would
  ///   overwrite what may be worth saving; `.system` where one, or the folder, cannot be read;
  ///   `.checkpointUnusable` where a name is almost a checkpoint's.
  func newestValid(report: (BrokenCheckpoint) throws -> Void) throws -> Checkpoint? {
    var broken: [BrokenCheckpoint] = []
    for step in try steps().reversed() {
      for path in [path(step: step), temporaryPath(step: step)] where DurableFiles.hasEntry(path) {
        do {
          let checkpoint = try Self.load(path)
          try broken.forEach(report)
          return checkpoint
        } catch let error as TrainerError {
          // What could not be read may be whole: that is for a person to find out.
          guard case .checkpointUnusable = error else { throw error }
          if path != temporaryPath(step: step) {
            broken.append(BrokenCheckpoint(path: path, error: error))
          }
        }
      }
    }
    guard let newest = broken.first else { return nil }
    throw TrainerError.noUsableCheckpoint(
      folder: folder, count: broken.count, first: "\(newest.error)")
  }

  /// Renames a broken checkpoint, so that it is neither taken for one nor removed.
  ///
  /// - Returns: its new path.
  func setAside(_ broken: BrokenCheckpoint) throws -> String {
    let name = Self.brokenPrefix + (broken.path as NSString).lastPathComponent
    let names = [name] + (2...99).map { "\(name)-\($0)" }
    let free = names.first { !DurableFiles.hasEntry("\(folder)/\($0)") } ?? name
    try DurableFiles.rename(broken.path, to: "\(folder)/\(free)")
    return "\(folder)/\(free)"
  }

  /// Completes or removes what processes that were killed were writing.
  ///
  /// - Throws: `TrainerError.system` where one cannot be read: it may be whole.
  func recover() throws {
    for step in try steps() {
      let (path, temporary) = (path(step: step), temporaryPath(step: step))
      guard DurableFiles.hasEntry(temporary) else { continue }
      do {
        _ = try Self.load(temporary)
        try put(temporary, inPlaceOf: path)
      } catch TrainerError.checkpointUnusable {
        try DurableFiles.remove(temporary)
      }
    }
    for name in try DurableFiles.names(in: folder) where name.hasPrefix(Self.replacedPrefix) {
      let path = "\(folder)/\(name.dropFirst(Self.replacedPrefix.count))"
      if DurableFiles.hasEntry(path) {
        try DurableFiles.remove("\(folder)/\(name)")
      } else {
        try DurableFiles.rename("\(folder)/\(name)", to: path)
      }
    }
  }

  /// Throws `TrainerError.checkpointUnusable` where there was a checkpoint once: who finds none must not
  /// begin afresh then.
  func refuseLoss() throws {
    guard let name = try markedName() else { return }
    throw TrainerError.checkpointUnusable(
      path: marker,
      reason:
        "it names \(name), and there is no checkpoint any more: bring it back, or remove this "
        + "file to begin afresh")
  }

  /// Moves the checkpoints after `step` out of the way, to `superseded`: who goes on from an earlier
  /// one does not want to be taken back to them by the next `--resume auto`.
  ///
  /// - Returns: the steps whose checkpoints were moved.
  func supersede(after step: Int) throws -> [Int] {
    let later = try steps().filter { $0 > step }
    for step in later {
      try DurableFiles.makeFolder("\(folder)/\(Self.supersededFolder)")
      for path in [path(step: step), temporaryPath(step: step)] where DurableFiles.hasEntry(path) {
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
    let names = manifest.files.map(\.name).filter { !$0.hasPrefix(residualPrefix) }
    guard names == expected else {
      throw TrainerError.checkpointUnusable(
        path: path, reason: "the manifest does not list \(expected.joined(separator: ", "))")
    }
    try manifest.verify(path)
    let checkpoint = try loadWithoutVerifying(path)
    // A folder that is named after another step would take the run there unnoticed.
    if let named = step(ofFolder: (path as NSString).lastPathComponent),
      named != checkpoint.state.step
    {
      throw TrainerError.checkpointUnusable(
        path: path, reason: "it holds the checkpoint after step \(checkpoint.state.step)")
    }
    return checkpoint
  }

  /// The state in a checkpoint of which nothing else is looked at; nil where it is not what was written.
  static func wholeState(_ path: String) -> CheckpointState? {
    guard let manifest = try? CheckpointManifest(readingFrom: path),
      (try? manifest.verify(path, only: stateFile)) != nil
    else { return nil }
    return try? readState("\(path)/\(stateFile)", of: path)
  }

  /// The checkpoint in `path`, whose digests another rank has verified.
  static func loadWithoutVerifying(_ path: String) throws -> Checkpoint {
    Checkpoint(path: path, state: try readState("\(path)/\(stateFile)", of: path))
  }

  // MARK: - Parts

  /// Makes the content of a folder durable, with its manifest.
  private func seal(
    _ temporary: String, _ state: CheckpointState, _ entries: [CheckpointManifest.Entry]
  ) throws {
    let stateBytes = try DurableFiles.json(state)
    try DurableFiles.write(stateBytes, to: "\(temporary)/\(Self.stateFile)")
    let entry = CheckpointManifest.Entry(
      name: Self.stateFile, bytes: stateBytes.count,
      pieces: [try SHA256.digest(of: stateBytes)])
    try DurableFiles.write(
      DurableFiles.json(CheckpointManifest(files: entries + [entry])),
      to: "\(temporary)/\(CheckpointManifest.fileName)")
    try DurableFiles.synchronise(temporary)
  }

  /// Removes checkpoints up to `newest` that are not kept; later ones are replaced when the run gets there.
  private func prune(newest: Int, best: Int?) throws {
    let written = try steps().filter { $0 <= newest }
    for step in written where !retention.keeps(step, of: written, best: best) {
      try DurableFiles.remove(path(step: step))
      try DurableFiles.remove(temporaryPath(step: step))
    }
  }

  /// The steps of which there are checkpoints, whole or not, ascending.
  private func steps() throws -> [Int] {
    let steps = try DurableFiles.names(in: folder).compactMap { name -> Int? in
      guard let step = Self.step(ofFolder: name) else { return nil }
      let own = Self.name(step: step)
      // Else it would not be found again by its step, and the run might begin afresh beside it.
      guard name.hasSuffix(own) else {
        throw TrainerError.checkpointUnusable(
          path: "\(folder)/\(name)",
          reason: "a checkpoint after this step is named \(own): rename it")
      }
      return step
    }
    return Set(steps).sorted()
  }

  private static func name(step: Int) -> String { namePrefix + String(format: "%08d", step) }

  /// The step that a checkpoint's folder is named after; nil where it is none's.
  static func step(ofFolder name: String) -> Int? {
    let parts = name.components(separatedBy: namePrefix)
    let isOurs = parts.count == 2 && ["", temporaryPrefix].contains(parts[0])
    return isOurs ? Int(parts[1]) : nil
  }

  /// Whether a path is that of a checkpoint that is being written, or was when its process was killed.
  static func isUnderWay(_ path: String) -> Bool {
    (path as NSString).lastPathComponent.hasPrefix(temporaryPrefix)
  }

  private func temporaryPath(step: Int) -> String {
    "\(folder)/\(Self.temporaryPrefix)\(Self.name(step: step))"
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
}
