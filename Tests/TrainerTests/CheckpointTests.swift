import Digests
import Foundation
import Nets
import TestSupport
import Testing

@testable import Trainer

@Suite("Checkpoints")
struct CheckpointTests {
  private let folder: TemporaryFolder
  private let store: CheckpointStore

  init() throws {
    folder = try TemporaryFolder()
    store = CheckpointStore(
      folder: "\(folder.path)/checkpoints", retention: CheckpointRetention(newest: 2))
  }

  private func state(step: Int) -> CheckpointState {
    CheckpointState(
      step: step, epoch: Double(step) / 10, isEvaluated: true,
      best: CheckpointState.Best(score: 0.5, step: 3), skippedSamples: [], microBatches: 4,
      engine: EngineIdentity(library: "kernels 1", instructionSet: "wide", threads: 1),
      trainingData: "digest", configuration: ["seed": "1", "optimizer.name": "sgd"])
  }

  private func write(step: Int) throws {
    let tensor = try Tensor(name: "w", shape: [2], floats: [Float(step), 0.5])
    try store.write(state(step: step), [tensor])
  }

  private func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: store.folder).sorted()
  }

  @Test("what was written is read back, and the marker names it")
  func roundTrip() throws {
    try write(step: 100)
    let checkpoint = try #require(try store.newestValid { _ in })
    #expect(checkpoint.path == "\(store.folder)/step-00000100")
    #expect(checkpoint.state == state(step: 100))
    #expect(try Safetensors.read(path: checkpoint.modelPath)[0].floats() == [100, 0.5])
    #expect(try folder.text(of: "checkpoints/latest") == "step-00000100\n")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: checkpoint.path).sorted() == [
        "manifest.json", "model.safetensors", "optimizer.safetensors", "state.json",
      ])
  }

  @Test("the newest ones are kept, the best, and every so many; others go")
  func pruning() throws {
    for step in [3, 10, 20, 30, 40] { try write(step: step) }
    // The state says that the best evaluation was after step 3.
    #expect(try names() == ["latest", "step-00000003", "step-00000030", "step-00000040"])
    let every = CheckpointRetention(newest: 1, everySteps: 20)
    let steps = [3, 10, 20, 30, 40, 50]
    #expect(steps.filter { every.keeps($0, of: steps, best: 10) } == [10, 20, 40, 50])
    #expect(steps.filter { every.keeps($0, of: steps, best: nil) } == [20, 40, 50])
  }

  @Test("ranks write pieces of the same files that one writes alone, whatever their number")
  func pieces() throws {
    let large = 3 * CheckpointPiece.byteCount / 2
    let tensors = try [
      Tensor(name: "a", shape: [5], floats: [1, 2, 3, 4, 5]),
      Tensor(name: "n", shape: [], integers: [7]),
      Tensor(name: "z", type: .u8, shape: [large], bytes: (0..<large).map { UInt8($0 & 0xFF) }),
    ]
    let sources = tensors.map(TensorSource.init)
    let image = CheckpointImage(
      files: try ["model.safetensors", "optimizer.safetensors"].map {
        ($0, try SafetensorsImage(of: sources, path: $0))
      })
    let file = "\(folder.path)/whole"
    try Safetensors.write(tensors, to: file)
    let whole = try Data(contentsOf: URL(fileURLWithPath: file))
    for ranks in [1, 3] {
      try store.prepare(step: 1, image.sizes)
      let digests = try (0..<ranks).flatMap { rank in
        let share = image.share(of: rank, worldSize: ranks)
        let memory = SnapshotMemory()
        memory.reserve(share)
        try image.copy(share, into: memory.bytes)
        return try store.write(step: 1, image.sizes, Array(zip(share, memory.parts(share))))
      }
      try store.commit(
        state(step: 1), CheckpointManifest.entries(of: image.sizes, pieces: digests))
      let checkpoint = try CheckpointStore.load(store.path(step: 1))
      for path in [checkpoint.modelPath, checkpoint.optimizerPath] {
        let isSame = try Data(contentsOf: URL(fileURLWithPath: path)) == whole
        #expect(isSame, "\(ranks) ranks")
      }
    }
  }

  /// Ways to break a checkpoint, and what the report says of them.
  enum Damage: String, CaseIterable {
    case truncated = "model.safetensors has"
    case flipped = "model.safetensors is not what was written"
    case missingFile = "optimizer.safetensors is missing"
    case missingManifest = "manifest.json is missing"
    case tornManifest = "manifest.json is not what this program writes"
    case tornState = "state.json"
    case emptyManifest = "the manifest does not list"
    case newerManifest = "manifest.json is of format 3; this program reads 1 to 2"
    case fewerPieces = "model.safetensors is not what was written (SHA"
    case pipe = "manifest.json: not a regular file"
    case folder = "model.safetensors: not a regular file"
    case linkToItself = "state.json: Too many levels"
    case endlessManifest = "manifest.json has 4398046511104 bytes"
    case otherStep = "it holds the checkpoint after step 10"

    func apply(to path: String) throws {
      let model = URL(fileURLWithPath: "\(path)/model.safetensors")
      let manifest = URL(fileURLWithPath: "\(path)/manifest.json")
      switch self {
      case .truncated: try Data(contentsOf: model).dropLast(3).write(to: model)
      case .flipped:
        var data = try Data(contentsOf: model)
        data[data.count - 1] ^= 1
        try data.write(to: model)
      case .missingFile: try FileManager.default.removeItem(atPath: "\(path)/optimizer.safetensors")
      case .missingManifest: try FileManager.default.removeItem(at: manifest)
      case .tornManifest: try Data(contentsOf: manifest).dropLast(20).write(to: manifest)
      case .tornState: try Data("{}".utf8).write(to: URL(fileURLWithPath: "\(path)/state.json"))
      case .emptyManifest:
        try Data(#"{"formatVersion":1,"files":[]}"#.utf8).write(to: manifest)
      case .newerManifest: try CheckpointTests.change(manifest) { $0["formatVersion"] = 3 }
      case .fewerPieces: try CheckpointTests.change(manifest) { $0["pieceBytes"] = 9 }
      case .pipe:
        try FileManager.default.removeItem(at: manifest)
        try #require(mkfifo(manifest.path, 0o600) == 0)
      case .folder:
        try FileManager.default.removeItem(at: model)
        try FileManager.default.createDirectory(at: model, withIntermediateDirectories: true)
      case .linkToItself:
        let state = "\(path)/state.json"
        try FileManager.default.removeItem(atPath: state)
        try FileManager.default.createSymbolicLink(atPath: state, withDestinationPath: state)
      case .endlessManifest: try #require(truncate(manifest.path, 1 << 42) == 0)
      case .otherStep:
        try FileManager.default.removeItem(atPath: path)
        let earlier = path.replacingOccurrences(of: "step-00000020", with: "step-00000010")
        try FileManager.default.copyItem(atPath: earlier, toPath: path)
      }
    }
  }

  /// Changes a JSON object in a file.
  private static func change(_ file: URL, _ body: (inout [String: Any]) -> Void) throws {
    var object =
      try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any] ?? [:]
    body(&object)
    try JSONSerialization.data(withJSONObject: object).write(to: file)
  }

  @Test(
    "a broken checkpoint is reported and passed over", .timeLimit(.minutes(1)),
    arguments: Damage.allCases)
  func damage(_ damage: Damage) throws {
    try write(step: 10)
    try write(step: 20)
    try damage.apply(to: store.path(step: 20))
    var reports: [String] = []
    var moved: [String] = []
    let checkpoint = try store.newestValid {
      reports.append("\($0.error)")
      moved.append(try store.setAside($0))
    }
    #expect(checkpoint?.state.step == 10)
    #expect(reports.count == 1)
    #expect(moved == ["\(store.folder)/broken-step-00000020"])
    try store.correctMark(to: try #require(checkpoint))
    #expect(try folder.text(of: "checkpoints/latest") == "step-00000010\n")
    #expect(
      try names() == ["broken-step-00000020", "latest", "step-00000010"], "nothing is removed")
    #expect(reports[0].contains("step-00000020: "), "\(reports)")
    #expect(reports[0].contains(damage.rawValue), "\(reports)")
    // By another name it is the whole checkpoint that it is a copy of.
    if damage != .otherStep {
      #expect(throws: TrainerError.self) { try CheckpointStore.load(moved[0]) }
    }
    #expect(try store.newestValid { _ in Issue.record("once is enough") }?.state.step == 10)
  }

  @Test("a checkpoint with a manifest of format 1 is read")
  func olderManifest() throws {
    try write(step: 10)
    let path = store.path(step: 10)
    try Self.change(URL(fileURLWithPath: "\(path)/manifest.json")) { manifest in
      manifest["formatVersion"] = 1
      manifest["pieceBytes"] = nil
      let files = manifest["files"] as? [[String: Any]] ?? []
      manifest["files"] = files.map { file in
        // Each has one piece here, whose digest is the file's.
        ["name": file["name"], "bytes": file["bytes"], "sha256": (file["pieces"] as? [String])?[0]]
      }
    }
    #expect(try CheckpointStore.load(path).state == state(step: 10))
    try DurableFiles.write([0], to: "\(path)/state.json")
    #expect(throws: TrainerError.self) { try CheckpointStore.load(path) }
  }

  @Test("where all checkpoints are broken, none is passed over in silence")
  func allBroken() throws {
    try write(step: 10)
    try write(step: 20)
    try Damage.missingFile.apply(to: store.path(step: 10))
    try Damage.truncated.apply(to: store.path(step: 20))
    #expect(
      performing: { try store.newestValid { _ in } },
      throws: { error in
        guard case TrainerError.noUsableCheckpoint(_, let count, let first) = error else {
          return false
        }
        return count == 2 && first.contains("step-00000020: model.safetensors has")
          && ExitStatus(of: error) == .badData
      })
    #expect(store.hasCheckpoints)
  }

  @Test("a checkpoint that cannot be read is not taken for a broken one")
  func unreadable() throws {
    try write(step: 10)
    try write(step: 20)
    let manifest = "\(store.path(step: 20))/manifest.json"
    try FileManager.default.removeItem(atPath: manifest)
    // As with a failing disk, and for every user alike: there is nothing at the first address.
    try FileManager.default.createSymbolicLink(
      atPath: manifest, withDestinationPath: "/proc/self/mem")
    #expect(
      performing: { try store.newestValid { _ in } },
      throws: { ExitStatus(of: $0) == .internalError && "\($0)".contains(manifest) })
  }

  @Test("neither is a pipe waited for nor a file without end read", .timeLimit(.minutes(1)))
  func endless() throws {
    let file = "\(folder.path)/manifest.json"
    try #require(mkfifo(file, 0o600) == 0)
    #expect(
      performing: { try SHA256.digest(ofFile: file) },
      throws: { "\($0)" == "\(file): open failed: not a regular file" })
    #expect(
      performing: { try DurableFiles.contents(file) },
      throws: { "\($0)" == "\(file): open failed: not a regular file" })
    // With holes instead of data, so that it takes no disk.
    try FileManager.default.removeItem(atPath: file)
    try DurableFiles.write([1], to: file)
    try #require(truncate(file, 1 << 42) == 0)
    #expect(
      performing: { try DurableFiles.contents(file) },
      throws: { "\($0)" == "\(file): read failed: has more than 67108864 bytes" })
  }

  @Test("checkpoints after the one a run goes on from are moved away, not removed")
  func superseding() throws {
    try write(step: 10)
    try write(step: 20)
    #expect(try store.supersede(after: 20) == [])
    #expect(try store.supersede(after: 10) == [20])
    #expect(try store.newestValid { _ in }?.state.step == 10)
    let moved = "\(store.folder)/superseded/step-00000020"
    #expect(try CheckpointStore.load(moved).state.step == 20)
    try write(step: 20)
    #expect(try store.supersede(after: 0) == [10, 20])
    #expect(try store.newestValid { _ in } == nil)
  }

  @Test("a checkpoint that nobody completes leaves the earlier one and its marker")
  func abandoned() throws {
    try write(step: 10)
    let files = [CheckpointFileSize(name: "model.safetensors", bytes: 100)]
    try store.prepare(step: 20, files)
    #expect(try store.newestValid { _ in Issue.record("not a checkpoint yet") }?.state.step == 10)
    #expect(try folder.text(of: "checkpoints/latest") == "step-00000010\n")
    try store.recover()
    #expect(try names() == ["latest", "step-00000010"])
    try store.prepare(step: 20, files)
    store.abandon(step: 20)
    #expect(try names() == ["latest", "step-00000010"])
    try write(step: 20)
    #expect(try names() == ["latest", "step-00000010", "step-00000020"])
  }

  @Test("a run that was killed during its first checkpoint has none")
  func firstCheckpoint() throws {
    try store.prepare(step: 10, [CheckpointFileSize(name: "model.safetensors", bytes: 100)])
    #expect(try store.newestValid { _ in Issue.record("not a checkpoint yet") } == nil)
  }

  @Test("more than the file system has room for is refused before anything is written")
  func noRoom() throws {
    try write(step: 10)
    #expect(
      performing: {
        try store.prepare(
          step: 20, [CheckpointFileSize(name: "model.safetensors", bytes: 1 << 60)])
      },
      throws: { "\($0)".contains("No space left on device (1099511627776 MiB wanted, ") })
    #expect(try names() == ["latest", "step-00000010"])
  }

  @Test("a sealed checkpoint that was not renamed yet is found, and completed")
  func sealedButNotRenamed() throws {
    try write(step: 10)
    try write(step: 20)
    let sealed = "\(store.folder)/.writing-step-00000020"
    try FileManager.default.moveItem(atPath: store.path(step: 20), toPath: sealed)
    #expect(try store.newestValid { _ in }?.path == sealed)
    try store.recover()
    #expect(try store.newestValid { _ in }?.path == store.path(step: 20))
    #expect(try names() == ["latest", "step-00000010", "step-00000020"])
  }

  @Test("a checkpoint of another format is refused")
  func format() throws {
    try write(step: 10)
    var state = state(step: 10)
    state.formatVersion = 99
    let path = store.path(step: 10)
    try JSONEncoder().encode(state).write(to: URL(fileURLWithPath: "\(path)/state.json"))
    let (digest, bytes) = try SHA256.digest(ofFile: "\(path)/state.json")
    var manifest = try CheckpointManifest(readingFrom: path)
    manifest.files[2] = .init(name: "state.json", bytes: bytes, pieces: [digest])
    try JSONEncoder().encode(manifest).write(to: URL(fileURLWithPath: "\(path)/manifest.json"))
    #expect(
      performing: { try CheckpointStore.load(path) },
      throws: { "\($0)".contains("format 99") })
  }

  @Test("no folder means no checkpoint")
  func nothing() throws {
    #expect(try store.newestValid { _ in } == nil)
    #expect(throws: TrainerError.self) { try CheckpointStore.load(store.path(step: 1)) }
  }

  @Test("a changed configuration is refused with what changed")
  func changedConfiguration() throws {
    let checkpoint = Checkpoint(path: "here", state: state(step: 10))
    var now = state(step: 0)
    now.configuration["seed"] = "2"
    now.configuration["new.key"] = "x"
    #expect(
      performing: { try checkpoint.requireMatch(now, allowIdentityChange: true) },
      throws: { error in
        guard case TrainerError.configurationChanged(_, let differences) = error else {
          return false
        }
        return differences == ["new.key: absent -> x", "seed: 1 -> 2"]
      })
    // The checkpoint is older than the key, whose default says what it was trained with.
    now.configuration["seed"] = "1"
    try checkpoint.requireMatch(now, defaults: ["new.key": "x"], allowIdentityChange: true)
    #expect(throws: TrainerError.self) {
      try checkpoint.requireMatch(now, defaults: ["new.key": "y"], allowIdentityChange: true)
    }
    var otherData = state(step: 0)
    otherData.trainingData = "other"
    #expect(throws: TrainerError.self) {
      try checkpoint.requireMatch(otherData, allowIdentityChange: true)
    }
  }

  @Test("other kernels are refused unless allowed by name")
  func changedIdentity() throws {
    let checkpoint = Checkpoint(path: "here", state: state(step: 10))
    var now = state(step: 0)
    now.engine.instructionSet = "narrow"
    #expect(throws: TrainerError.self) {
      try checkpoint.requireMatch(now, allowIdentityChange: false)
    }
    try checkpoint.requireMatch(now, allowIdentityChange: true)
    try checkpoint.requireMatch(state(step: 0), allowIdentityChange: false)
  }

  @Test("a checkpoint before its evaluation owes it, one after does not")
  func position() {
    let settings = LoopSettings(
      totalSteps: 25, evaluationEvery: 10, checkpointEvery: 5, loggingEvery: 2, onDataError: .fail)
    var state = state(step: 20)
    #expect(!TrainingPosition(state, settings: settings).isEvaluationOwed)
    state.isEvaluated = false
    #expect(TrainingPosition(state, settings: settings).isEvaluationOwed)
    #expect(TrainingPosition(state, settings: settings).step == 20)
    #expect((0...25).filter(settings.isEvaluationDue) == [10, 20, 25])
    #expect((0...25).filter(settings.isCheckpointDue) == [5, 10, 15, 20, 25])
    #expect((0...6).filter(settings.isLoggingDue) == [1, 2, 4, 6])
  }
}

extension CheckpointTests {
  @Test("a run goes on from the other run's checkpoint that it began at, and from none else's")
  func origin() throws {
    let folder = try TemporaryFolder()
    let run = RunFolder(path: "\(folder.path)/run")
    try DurableFiles.makeFolder(run.checkpoints)
    let store = CheckpointStore(folder: run.checkpoints)
    let theirs = "\(folder.path)/other/checkpoints/step-00000001"
    try store.rememberOrigin(Checkpoint(path: theirs, state: state(step: 1)))
    // Its own are no origin.
    let own = store.path(step: 2)
    try store.rememberOrigin(Checkpoint(path: own, state: state(step: 2)))
    #expect(try store.origin == theirs)
    try DurableFiles.write([], to: run.configuration)
    for path in [theirs, "\(folder.path)/run/../other/checkpoints/step-00000001/", own] {
      try run.prepare(resume: .checkpoint(path))
    }
    for path in ["\(folder.path)/other/checkpoints/step-00000002", folder.path] {
      #expect(throws: TrainerError.self, "\(path)") { try run.prepare(resume: .checkpoint(path)) }
    }
    try store.rememberOrigin(nil)
    #expect(try store.origin == nil)
    #expect(throws: TrainerError.self) { try run.prepare(resume: .checkpoint(theirs)) }
  }
}

extension CheckpointTests {
  @Test("where a new checkpoint cannot take its name, the one of the same step has it again")
  func failedReplacement() throws {
    try write(step: 1)
    let sizes = [CheckpointFileSize]()
    try store.prepare(step: 1, sizes)
    let before = try CheckpointStore.load(store.path(step: 1))
    #expect(throws: TrainerError.self) {
      try store.commit(state(step: 1), []) {
        // The last moment before the renaming.
        try FileManager.default.removeItem(atPath: "\(store.folder)/.writing-step-00000001")
      }
    }
    store.abandon(step: 1)
    #expect(try store.newestValid { _ in }?.state == before.state)
    // Killed in between, the next start finds it.
    try FileManager.default.moveItem(
      atPath: store.path(step: 1), toPath: "\(store.folder)/.replaced-step-00000001")
    #expect(try store.newestValid { _ in } == nil)
    try store.recover()
    #expect(try store.newestValid { _ in }?.state == before.state)
    // One that has been replaced is not kept.
    try FileManager.default.copyItem(
      atPath: store.path(step: 1), toPath: "\(store.folder)/.replaced-step-00000001")
    try store.recover()
    #expect(try !names().contains { $0.hasPrefix(".") })
  }

  @Test("who finds no checkpoint where there was one does not begin afresh")
  func loss() throws {
    #expect(throws: Never.self) { try store.refuseLoss() }
    try write(step: 1)
    try FileManager.default.removeItem(atPath: store.path(step: 1))
    #expect(
      performing: { try store.refuseLoss() },
      throws: {
        "\($0)".contains("it names step-00000001, and there is no checkpoint any more")
          && ExitStatus(of: $0) == .badData
      })
  }

  @Test("a state is believed only where it is what was written")
  func wholeState() throws {
    try write(step: 1)
    let path = store.path(step: 1)
    #expect(CheckpointStore.wholeState(path) == state(step: 1))
    let file = URL(fileURLWithPath: "\(path)/state.json")
    let text = try String(contentsOf: file, encoding: .utf8)
    try Data(text.replacing("digest", with: "Digest").utf8).write(to: file)
    #expect(CheckpointStore.wholeState(path) == nil)
    #expect(try CheckpointStore.loadWithoutVerifying(path).state != state(step: 1))
  }

  @Test("links that lead nowhere are broken checkpoints, and not none")
  func danglingLinks() throws {
    try write(step: 1)
    let link = store.path(step: 2)
    try FileManager.default.createSymbolicLink(
      atPath: link, withDestinationPath: "\(folder.path)/not-mounted/step-00000002")
    var broken: [String] = []
    let found = try store.newestValid { broken.append(try store.setAside($0)) }
    #expect(found?.state.step == 1 && broken == ["\(store.folder)/broken-step-00000002"])
    try FileManager.default.removeItem(atPath: store.path(step: 1))
    try FileManager.default.createSymbolicLink(
      atPath: link, withDestinationPath: "\(folder.path)/not-mounted/step-00000002")
    #expect(
      performing: { try store.newestValid { _ in } },
      throws: { "\($0)".contains("none of 1 checkpoints can be used") })
    // The next one after this step takes its place.
    try write(step: 2)
    #expect(try store.newestValid { _ in }?.state.step == 2)
  }

  @Test("a name that is almost a checkpoint's is told, not passed over", arguments: ["2", "+2"])
  func almostNames(number: String) throws {
    try write(step: 2)
    try FileManager.default.moveItem(
      atPath: store.path(step: 2), toPath: "\(store.folder)/step-\(number)")
    #expect(store.hasCheckpoints)
    #expect(
      performing: { try store.newestValid { _ in } },
      throws: {
        "\($0)".contains("step-\(number)") && "\($0)".contains("is named step-00000002: rename it")
          && ExitStatus(of: $0) == .badData
      })
  }

  @Test("a folder that cannot be listed is not taken for an empty one")
  func unlisted() throws {
    // Root may list anything: a file in its place cannot be by anybody.
    _ = try folder.write("", to: "checkpoints")
    #expect(store.hasCheckpoints)
    #expect(throws: TrainerError.self) { try store.newestValid { _ in } }
  }

  @Test(
    "an origin that is gone or garbage is told by name", arguments: ["", "x\u{1}", "/gone/step"])
  func brokenOrigins(content: String) throws {
    _ = try folder.write(content + "\n", to: "checkpoints/origin")
    #expect(
      performing: { try store.loadOrigin() },
      throws: {
        "\($0)".contains("checkpoints/origin") && "\($0)".contains("start anew in another folder")
          && ExitStatus(of: $0) == .badData
      })
  }
}

@Suite("Files")
struct FileTests {
  @Test("SHA-256 gives the digests of FIPS 180-4's examples, of bytes and of files")
  func digests() throws {
    let folder = try TemporaryFolder()
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    #expect(try SHA256.digest(of: Array("abc".utf8)) == abc)
    #expect(try SHA256.digest(of: []) == empty)
    let file = try SHA256.digest(ofFile: try folder.write("abc", to: "file"))
    #expect(file.digest == abc)
    #expect(file.bytes == 3)
  }

  @Test("a file is replaced whole, and a missing folder is an error that names it")
  func replacing() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("old", to: "file")
    try DurableFiles.replace(path, with: Array("new".utf8))
    #expect(try folder.text(of: "file") == "new")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["file"])
    #expect(
      performing: { try DurableFiles.replace("/nowhere/file", with: []) },
      throws: { "\($0)".contains("/nowhere/file") && "\($0)".contains("No such file") })
  }

  @Test("a run folder is in use once a run has begun in it")
  func runFolder() throws {
    let folder = try TemporaryFolder()
    let run = RunFolder(path: "\(folder.path)/run")
    try run.prepare(resume: .never)
    try run.prepare(resume: .never)
    try DurableFiles.write([], to: run.configuration)
    #expect(throws: TrainerError.self) { try run.prepare(resume: .never) }
    try run.prepare(resume: .auto)
    let own = "\(run.checkpoints)/step-00000001"
    try run.prepare(resume: .checkpoint(own))
    let link = "\(folder.path)/link"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: run.path)
    try run.prepare(resume: .checkpoint("\(link)/checkpoints/step-00000001/"))
    #expect(
      performing: {
        try run.prepare(resume: .checkpoint("\(folder.path)/other/checkpoints/step-00000001"))
      },
      throws: { ExitStatus(of: $0) == .usage && "\($0)".contains("holds another run") })
    #expect(run.log(rank: 3).hasSuffix("logs/rank-0003.log"))
    #expect(run.crash(rank: 12).hasSuffix("crash/rank-0012.json"))
  }

  @Test("what a killed run has left beside its configuration is not written over")
  func remains() throws {
    for name in ["best/model.safetensors", "checkpoints/step-00000003/state.json"] {
      let folder = try TemporaryFolder()
      _ = try folder.write("", to: name)
      #expect(throws: TrainerError.self, "\(name)") {
        try RunFolder(path: folder.path).prepare(resume: .never)
      }
    }
  }

  @Test("--resume takes auto, never or a path")
  func resumePolicy() {
    #expect(ResumePolicy("auto") == .auto)
    #expect(ResumePolicy("never") == .never)
    #expect(ResumePolicy("a/step-1") == .checkpoint("a/step-1"))
  }
}
