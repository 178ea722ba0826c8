import Nets

/// The learned state of a run as files: weights, running statistics, what the optimizer remembers
/// and the average of the weights.
struct ModelSnapshot {
  private static let averagePrefix = "ema"

  let parameters: ParameterStore
  let optimizer: any Optimizer
  /// What the best and the final model are; nil where these are the weights themselves.
  var average: WeightAverage?

  /// The model that is evaluated and kept.
  var kept: ParameterStore { average?.parameters ?? parameters }

  /// Writes the model with torchvision's names.
  ///
  /// - Throws: `TrainerError.system` where the file cannot be written.
  func writeModel(to path: String) throws {
    try write(try parameters.modelTensors(), to: path)
  }

  /// Writes the optimizer's vectors, `momentum_buffer.fc.weight` and so on, and the averaged model,
  /// `ema.fc.weight` and so on.
  func writeOptimizer(to path: String) throws {
    let tensors = try optimizer.state.flatMap { name, values in
      named(name, try parameters.tensors(of: UnsafeBufferPointer(values)))
    }
    let averaged = try average?.parameters.modelTensors() ?? []
    try write(tensors + named(Self.averagePrefix, averaged), to: path)
  }

  private func named(_ prefix: String, _ tensors: [Tensor]) -> [Tensor] {
    tensors.map { tensor in
      var tensor = tensor
      tensor.name = "\(prefix).\(tensor.name)"
      return tensor
    }
  }

  /// The tensors below a prefix, without it.
  private func tensors(below prefix: String, in tensors: [Tensor]) -> [Tensor] {
    tensors.filter { $0.name.hasPrefix("\(prefix).") }.map { tensor in
      var tensor = tensor
      tensor.name = String(tensor.name.dropFirst(prefix.count + 1))
      return tensor
    }
  }

  /// Replaces the learned state by that of a checkpoint.
  func load(_ checkpoint: Checkpoint) throws {
    try parameters.loadModel(from: try SafetensorsReader(path: checkpoint.modelPath))
    let tensors = try Safetensors.read(path: checkpoint.optimizerPath)
    for (name, values) in optimizer.state {
      try parameters.load(
        self.tensors(below: name, in: tensors), into: values, file: checkpoint.optimizerPath)
    }
    try average?.parameters.loadModel(
      self.tensors(below: Self.averagePrefix, in: tensors), file: checkpoint.optimizerPath)
  }

  /// Writes the averaged model, or else the model, beside its destination and renames it.
  ///
  /// - Parameter step: the update that the model is from; the file says so.
  func replaceModel(at path: String, step: Int) throws {
    try DurableFiles.makeFolder(DurableFiles.parent(of: path))
    let temporary = path + ".writing"
    try write(
      try kept.modelTensors(), metadata: [Self.stepKey: "\(step)"],
      to: temporary)
    try DurableFiles.synchronise(temporary)
    try DurableFiles.rename(temporary, to: path)
  }

  /// The update that a model in a run folder is from; nil where there is none, or one that does not
  /// say.
  static func step(ofModel path: String) throws -> Int? {
    guard DurableFiles.exists(path) else { return nil }
    return try SafetensorsReader(path: path).metadata[stepKey].flatMap(Int.init)
  }

  /// The name of the update in a file's metadata.
  private static let stepKey = "step"

  /// A full disk is no fault of the file's content, which errors of weights files are about.
  private func write(_ tensors: [Tensor], metadata: [String: String] = [:], to path: String) throws
  {
    do {
      try Safetensors.write(tensors, metadata: metadata, to: path)
    } catch {
      guard case .system(let call, let reason) = error.cause else { throw error }
      throw TrainerError.system(call: call, path: path, reason: reason)
    }
  }
}
