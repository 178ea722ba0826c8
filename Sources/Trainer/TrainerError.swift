/// What can go wrong while a run is set up, trained, saved or evaluated.
public enum TrainerError: Error, Sendable, CustomStringConvertible {
  /// Everything that is wrong with a configuration.
  case configuration([ConfigurationMistake])
  /// The command line asks for something that cannot be; the message says what would work.
  case usage(String)
  /// A file or folder of the data set is not there.
  case missingData(path: String, key: String)
  /// A system call failed.
  case system(call: String, path: String, reason: String)
  /// A model gives logits that are not finite.
  case outputsNotFinite(weights: String)
  /// The run folder cannot be made or written.
  case runFolderUnusable(folder: String, reason: String)
  /// The run folder holds a run already.
  case runFolderInUse(folder: String)
  /// The run folder holds another run than the one that the checkpoint is from.
  case runFolderOfAnotherRun(folder: String, checkpoint: String)
  /// Another job has the run folder.
  case runFolderHeld(folder: String, by: String)
  /// Another job has taken the run folder over, because this one gave no sign of life.
  case runFolderTaken(folder: String, by: String)
  /// The process was asked to stop while it waited for a sign of life of the job that has the run folder.
  case stoppedWaiting(folder: String, for: String)
  /// The time limit was over before the run's first update, of which nothing is left to go on from.
  case hopelessTimeLimit(seconds: Double, starting: Double, leaving: Double)
  /// A checkpoint that the run cannot end without could not be written.
  case checkpointNotWritten(step: Int, reason: String)
  /// There are checkpoints, and none of them can be used; `first` says why the newest cannot.
  case noUsableCheckpoint(folder: String, count: Int, first: String)
  /// A checkpoint that was asked for by name cannot be used.
  case checkpointUnusable(path: String, reason: String)
  /// The checkpoint was written by another configuration; each line is `key: then -> now`.
  case configurationChanged(checkpoint: String, differences: [String])
  /// The checkpoint was written by kernels that give other bits.
  case identityChanged(checkpoint: String, then: String, now: String)
  /// Ranks compute with kernels that give different bits.
  case identitiesDiffer(rank: Int, there: String, here: String)
  /// Not a number, or infinite, after the reduction; the step is void.
  case nonFinite(step: Int, what: String, origin: NonFiniteOrigin?)
  /// A run folder without what a command needs.
  case runIncomplete(folder: String, missing: String)
  /// A file that a run keeps beside its model is not what was written.
  case featuresBroken(file: String, reason: String)
  /// A recording's film or sound cannot be used.
  case recordingUnusable(name: String, reason: String)
  /// More files could not be used than may be left out.
  case tooManyLeftOut(count: Int, limit: Int, last: String)
  /// A model cannot be written where it was to be exported to.
  case exportNotWritten(folder: String, reason: String)
  /// Every rank has stopped because of this failure of one of them.
  case agreed(rank: Int, status: ExitStatus, message: String)

  /// The status that the process ends with.
  public var exitStatus: ExitStatus {
    switch self {
    case .configuration, .usage, .runFolderUnusable, .runFolderInUse, .runFolderOfAnotherRun,
      .runFolderHeld, .runFolderTaken, .hopelessTimeLimit, .exportNotWritten,
      .configurationChanged, .identityChanged, .identitiesDiffer:
      .usage
    case .missingData, .checkpointUnusable, .noUsableCheckpoint, .runIncomplete, .outputsNotFinite,
      .featuresBroken, .recordingUnusable, .tooManyLeftOut:
      .badData
    case .system, .nonFinite, .checkpointNotWritten: .internalError
    case .stoppedWaiting: .preempted
    case .agreed(_, let status, _): status
    }
  }

  /// What is wrong and what to do about it.
  public var description: String {
    switch self {
    case .configuration(let mistakes):
      mistakes.map(\.description).joined(separator: "\n")
    case .usage(let message):
      message
    case .missingData(let path, let key):
      "\(key): '\(path)' does not exist; \(Self.whereToLook(for: key))"
    case .system(let call, let path, let reason):
      "\(path): \(call) failed: \(reason)"
    case .outputsNotFinite(let weights):
      "\(weights): the model's outputs are not finite, so that it cannot be evaluated; name an "
        + "earlier one with --checkpoint"
    case .runFolderUnusable(let folder, let reason):
      "\(folder): cannot be the run folder (\(reason)); name another with --run"
    case .runFolderInUse(let folder):
      "\(folder) holds a run already: go on with it by --resume auto, or name another folder "
        + "with --run"
    case .runFolderOfAnotherRun(let folder, let checkpoint):
      "\(folder) holds another run than \(checkpoint): name a new folder with --run, or go on with "
        + "the one that is there by --resume auto"
    case .runFolderHeld(let folder, let holder):
      "\(folder) is being written to by another job (\(holder)): wait for its end or stop it, or name "
        + "another folder with --run"
    case .stoppedWaiting(let folder, let holder):
      "stopped before anything was trained, while waiting for \(holder) to give up \(folder)"
    case .runFolderTaken(let folder, let holder):
      "\(folder) was taken over by another job (\(holder)) while this one gave no sign of life, or "
        + "its lease was removed; it goes on there"
    case .hopelessTimeLimit(let seconds, let starting, let leaving):
      String(
        format: "--time-limit: %.0f s leave no time for a step: starting took %.1f s, and %.1f s "
          + "are kept free for the way out; nothing was trained, so give it well over %.0f s",
        seconds, starting, leaving, (starting + leaving).rounded(.up))
    case .checkpointNotWritten(let step, let reason):
      "the checkpoint after step \(step) could not be written: \(reason). Those before are as they "
        + "were: when this is mended, go on with --resume auto"
    case .noUsableCheckpoint(let folder, let count, let first):
      "\(folder): none of \(count) checkpoints can be used, the newest because of \(first). Bring "
        + "one back, or start anew in another folder with --run"
    case .checkpointUnusable(let path, let reason):
      "checkpoint \(path): \(reason)"
    case .configurationChanged(let checkpoint, let differences):
      "the configuration differs from that of \(checkpoint), and other values give another "
        + "result; restore them or start a new run with --run:\n  "
        + differences.joined(separator: "\n  ")
    case .identityChanged(let checkpoint, let then, let now):
      "\(checkpoint) was computed by \(then), here is \(now): the weights would not be those of "
        + "an uninterrupted run. Allow it with --allow-identity-change"
    case .identitiesDiffer(let rank, let there, let here):
      "rank \(rank) computes with \(there), rank 0 with \(here), which gives other bits: set "
        + "DNNL_MAX_CPU_ISA to what all nodes have, or allow it with --allow-identity-change"
    case .nonFinite(let step, let what, let origin):
      "step \(step): \(what) is not finite\(origin.map { " (\($0))" } ?? ""); the step is void and nothing of it "
        + "was saved. Start a "
        + "new run with a lower optimizer.learning_rate or a longer schedule.warmup (model.weights "
        + "can name the model.safetensors of a checkpoint to begin from)"
    case .runIncomplete(let folder, let missing):
      "\(folder): no \(missing); is this the folder of a run?"
    case .featuresBroken(let file, let reason):
      "\(file): \(reason)"
    case .recordingUnusable(let name, let reason):
      "recording \(name): \(reason)"
    case .tooManyLeftOut(let count, let limit, let last):
      "\(count) files cannot be used (--skip-limit allows \(limit)), such as \(last)"
    case .exportNotWritten(let folder, let reason):
      "\(folder): cannot be exported to (\(reason)); make room there, or name another folder with --output"
    case .agreed(_, _, let message):
      message
    }
  }

  /// What a missing file's key has to name.
  private static func whereToLook(for key: String) -> String {
    switch key {
    case "distill.teacher": "name the run folder of the teacher, such as runs/teacher"
    case "unlabeled.list", "--data": "it is looked for from where the command is started"
    case _ where key.hasSuffix(".root"): "name the folder of the data set"
    default: "lists are relative to the folder that \(key.prefix { $0 != "." }).root names"
    }
  }
}
