import Nets

@testable import Trainer

extension CheckpointStore {
  /// Writes a checkpoint as one rank does, without leaving the thread.
  func write(_ state: CheckpointState, _ image: CheckpointImage) throws {
    try prepare(step: state.step, image.sizes)
    let memory = SnapshotMemory()
    let share = image.share(of: 0, worldSize: 1)
    memory.reserve(share)
    try image.copy(share, into: memory.bytes)
    let pieces = try write(
      step: state.step, image.sizes, Array(zip(share, memory.parts(share))))
    try commit(state, CheckpointManifest.entries(of: image.sizes, pieces: pieces))
  }

  /// Writes a checkpoint of which both files hold `tensors`.
  func write(_ state: CheckpointState, _ tensors: [Tensor]) throws {
    try write(
      state,
      CheckpointImage(
        files: try [Self.modelFile, Self.optimizerFile].map {
          ($0, try SafetensorsImage(of: tensors.map(TensorSource.init), path: $0))
        }))
  }
}
