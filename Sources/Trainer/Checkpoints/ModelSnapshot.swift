import Nets

/// The learned state of a run as files: weights, running statistics and what the optimizer
/// remembers.
struct ModelSnapshot {
  let parameters: ParameterStore
  let optimizer: any Optimizer

  /// Writes the model with torchvision's names.
  func writeModel(to path: String) throws {
    try Safetensors.write(try parameters.modelTensors(), to: path)
  }

  /// Writes the optimizer's vectors: `momentum_buffer.fc.weight` and so on.
  func writeOptimizer(to path: String) throws {
    let tensors = try optimizer.state.flatMap { name, values in
      try parameters.tensors(of: UnsafeBufferPointer(values)).map { tensor in
        var tensor = tensor
        tensor.name = "\(name).\(tensor.name)"
        return tensor
      }
    }
    try Safetensors.write(tensors, to: path)
  }

  /// Replaces the learned state by that of a checkpoint.
  func load(_ checkpoint: Checkpoint) throws {
    try parameters.loadModel(
      try Safetensors.read(path: checkpoint.modelPath), file: checkpoint.modelPath)
    let tensors = try Safetensors.read(path: checkpoint.optimizerPath)
    for (name, values) in optimizer.state {
      let own = tensors.filter { $0.name.hasPrefix("\(name).") }.map { tensor in
        var tensor = tensor
        tensor.name = String(tensor.name.dropFirst(name.count + 1))
        return tensor
      }
      try parameters.load(own, into: values, file: checkpoint.optimizerPath)
    }
  }

  /// Writes the model beside its destination and renames it.
  func replaceModel(at path: String) throws {
    try DurableFiles.makeFolder(DurableFiles.parent(of: path))
    let temporary = path + ".writing"
    try writeModel(to: temporary)
    try DurableFiles.synchronise(temporary)
    try DurableFiles.rename(temporary, to: path)
  }
}
