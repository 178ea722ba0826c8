import Foundation

/// What `aver verify` takes a path for that is no data set.
public enum SavedModelFormat: String, Codable, Sendable, CaseIterable {
  /// The folder of a run.
  case run
  /// One checkpoint of a run.
  case checkpoint
  /// A file of weights.
  case safetensors

  /// What lies at `path`; nil where it is nothing of the kind.
  public static func recognised(at path: String) -> SavedModelFormat? {
    if path.hasSuffix(".safetensors") { return .safetensors }
    func has(_ name: String) -> Bool { DurableFiles.exists("\(path)/\(name)") }
    if has(CheckpointStore.stateFile) || has(CheckpointStore.optimizerFile) { return .checkpoint }
    let run = RunFolder(path: path)
    return DurableFiles.exists(run.configuration) || DurableFiles.exists(run.checkpoints)
      ? .run : nil
  }
}
