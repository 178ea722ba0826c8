import Foundation

/// The folder of a run and the names in it.
struct RunFolder: Equatable, Sendable {
  /// The folder.
  let path: String

  /// The run in `path`, which need not exist yet.
  init(path: String) { self.path = path }

  /// The resolved configuration.
  var configuration: String { "\(path)/config.yaml" }
  /// The configuration of all trainings in a row, of which the folder's own is the last.
  var generations: String { "\(path)/generations.yaml" }
  /// One JSON object a line.
  var metrics: String { "\(path)/metrics.jsonl" }
  /// The checkpoints.
  var checkpoints: String { "\(path)/checkpoints" }
  /// The model of the best evaluation.
  var bestModel: String { "\(path)/best/model.safetensors" }
  /// The model after the last step.
  var finalModel: String { "\(path)/final/model.safetensors" }
  /// What a student's teacher says, unless another folder is named.
  var teacherOutputs: String { "\(path)/teacher-outputs" }
  /// What can be looked at.
  var report: String { "\(path)/report.html" }
  /// A rank's log.
  func log(rank: Int) -> String { "\(path)/logs/rank-\(Self.padded(rank)).log" }
  /// What a rank died of.
  func crash(rank: Int) -> String { "\(path)/crash/rank-\(Self.padded(rank)).json" }

  private var store: CheckpointStore { CheckpointStore(folder: checkpoints) }

  /// Whether a run has begun here: one that failed while it was set up has not.
  var isInUse: Bool {
    [configuration, metrics, bestModel, finalModel].contains(where: DurableFiles.exists)
      || store.hasCheckpoints
  }

  /// The folder of a new run of `stage`, `runs/teacher-20260131-235959`.
  static func new(stage: StageName, date: Date = Date()) -> RunFolder {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyyMMdd-HHmmss"
    return RunFolder(path: "runs/\(stage)-\(formatter.string(from: date))")
  }

  /// The stage that was run here, as the resolved configuration says; files without the key are of the
  /// time when there was only one.
  ///
  /// - Throws: `TrainerError.runIncomplete` without a configuration, `.configuration` where the stage
  ///   is none.
  func stage() throws -> StageName {
    try requireExisting(configuration, as: "config.yaml")
    return try StageName(ofConfiguration: configuration)
  }

  /// The file of a run's weights, for `ModelSnapshot.loadModel`: of a checkpoint the average, where
  /// the run has one.
  ///
  /// - Parameter name: `best` (`final` in a run that has no best model), `final`, `latest`, or the path
  ///   of a checkpoint or of a safetensors file.
  /// - Throws: `TrainerError.runIncomplete` where there is no such model, and what a checkpoint that
  ///   cannot be used throws.
  func weights(named name: String) throws -> String {
    switch name {
    case "best":
      // A run that went on from another's last checkpoint has nothing left to evaluate.
      let hasOnlyFinal = !DurableFiles.exists(bestModel) && DurableFiles.exists(finalModel)
      return hasOnlyFinal
        ? finalModel : try requireExisting(bestModel, as: "best/model.safetensors")
    case "final": return try requireExisting(finalModel, as: "final/model.safetensors")
    case "latest":
      let marker = try requireExisting("\(checkpoints)/latest", as: "checkpoints/latest")
      let name = String(decoding: try DurableFiles.contents(marker) ?? [], as: UTF8.self)
        .trimmingCharacters(in: .whitespacesAndNewlines)
      return try ModelSnapshot.keptModel(of: CheckpointStore.load("\(checkpoints)/\(name)"))
    default:
      return name.hasSuffix(".safetensors")
        ? name : try ModelSnapshot.keptModel(of: CheckpointStore.load(name))
    }
  }

  /// Whether weights are the run's own: steps of another run's are not this one's.
  func owns(_ weights: String) -> Bool { weights.hasPrefix(path + "/") }

  @discardableResult
  private func requireExisting(_ file: String, as name: String) throws -> String {
    guard DurableFiles.exists(file) else {
      throw TrainerError.runIncomplete(folder: path, missing: name)
    }
    return file
  }

  /// Makes the folder ready for a run.
  ///
  /// - Throws: `TrainerError.runFolderInUse` where a run is there already and is not to be resumed,
  ///   `.runFolderOfAnotherRun` where the checkpoint is neither of it nor the one it began at,
  ///   `.runFolderUnusable` where files cannot be written.
  func prepare(resume: ResumePolicy) throws {
    switch resume {
    case .never where isInUse: throw TrainerError.runFolderInUse(folder: path)
    case .checkpoint(let checkpoint) where isInUse && !store.canGoOn(from: checkpoint):
      throw TrainerError.runFolderOfAnotherRun(folder: path, checkpoint: checkpoint)
    case .auto, .never, .checkpoint: break
    }
    do {
      try DurableFiles.makeFolder("\(path)/logs")
      try DurableFiles.makeFolder(checkpoints)
      try DurableFiles.requireWritable(path)
    } catch TrainerError.system(let call, let path, let reason) {
      throw TrainerError.runFolderUnusable(
        folder: self.path, reason: "\(call) \(path): \(reason)")
    }
  }

  private static func padded(_ rank: Int) -> String { String(format: "%04d", rank) }
}

extension StageName {
  /// The folder of a new run of the stage, `runs/teacher-20260131-235959`.
  public func newRunFolder() -> String { RunFolder.new(stage: self).path }
}
