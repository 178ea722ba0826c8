import Nets

extension DurableFiles {
  /// Writes tensors to a safetensors file by way of a temporary file beside it: readers see the old
  /// content or the new one, never a part.
  ///
  /// - Parameter temporary: nil where nobody else writes `path`.
  /// - Throws: `TrainerError.system`.
  static func replace(
    _ path: String, with tensors: [TensorSource], metadata: [String: String] = [:],
    by temporary: String? = nil
  ) throws {
    let temporary = temporary ?? UnfinishedFile.path(of: path)
    try write(tensors, metadata: metadata, to: temporary, synchronise: true)
    try rename(temporary, to: path)
  }

  /// Writes tensors to a safetensors file.
  ///
  /// - Parameter synchronise: whether to return only once they are on the device.
  /// - Throws: `TrainerError.system`: a full disk is no fault of the file's content, which errors of
  ///   weights files are about.
  static func write(
    _ tensors: [TensorSource], metadata: [String: String] = [:], to path: String, synchronise: Bool
  ) throws {
    do {
      try Safetensors.write(tensors, metadata: metadata, to: path, synchronise: synchronise)
    } catch let error as WeightsError {
      guard case .system(let call, let reason) = error.cause else { throw error }
      throw TrainerError.system(call: call, path: path, reason: reason)
    }
  }
}
