extension ParameterStore {
  /// Loads a model from a file, of which no data is read before its header fits the model: whatever
  /// sizes it claims, no more than the model's is allocated.
  ///
  /// - Parameter kept: parameters that stay what they are, whether the file has them or not.
  /// - Throws: `NetsError` naming the file and the tensor that is missing, unknown, misshapen or not
  ///   finite; `WeightsError` where it cannot be read.
  public func loadModel(from file: SafetensorsReader, keeping kept: [String] = []) throws {
    let read = file.descriptions.filter { !kept.contains($0.name) }
    try requireModel(read, keeping: kept, file: file.path)
    let own = kept.isEmpty ? [] : try modelTensors().filter { kept.contains($0.name) }
    try loadModel(try read.map { try file.tensor($0.name) } + own, file: file.path)
  }

  private func requireModel(
    _ tensors: [TensorDescription], keeping kept: [String], file: String
  ) throws {
    var remaining = Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0) })
    for (name, shape) in modelShapes where !kept.contains(name) {
      guard let tensor = remaining.removeValue(forKey: name) else {
        throw NetsError.missingParameter(name: name, file: file)
      }
      try tensor.requireParameters(shape: shape, file: file)
    }
    for specification in graph.statistics {
      let name = "\(specification.name).num_batches_tracked"
      try remaining.removeValue(forKey: name)?.requireBatchCount(file: file)
    }
    if let unknown = remaining.keys.min() {
      throw NetsError.unknownParameter(name: unknown, file: file)
    }
  }

  /// What every file of the model has.
  private var modelShapes: [(name: String, shape: [Int])] {
    graph.statistics.flatMap { specification in
      ["running_mean", "running_var"].map {
        ("\(specification.name).\($0)", [specification.channels])
      }
    } + graph.parameters.map { ($0.name, $0.shape) }
  }
}
