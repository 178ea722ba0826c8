extension ParameterStore {
  /// Gives the parameters of a flat vector (weights, gradients) one by one, in the order of the graph
  /// and in torchvision's layout.
  ///
  /// - Shapes: `flat` is `[P]`, or ends where frozen parameters begin: then they are left out.
  /// - Throws: `NetsError.kernel` where a layout cannot be converted; what `body` throws.
  public func forEachParameter(
    of flat: UnsafeBufferPointer<Float>, _ body: (ParameterInfo, [Float]) throws -> Void
  ) throws {
    for index in parameterIndices(ofVector: flat.count) {
      try body(parameters[positions[index]], try read(parameter: index, of: flat))
    }
  }

  /// Loads a model from a file, of which no data is read before its header fits the model: whatever
  /// sizes it claims, no more than the model's is allocated.
  ///
  /// - Parameters:
  ///   - prefix: what the names of the model's tensors begin with in the file, before what they are
  ///     otherwise; the file's other tensors are not looked at.
  ///   - kept: parameters that stay what they are, whether the file has them or not.
  ///   - summed: a convolution of one input channel that the file may have for three: it is summed over
  ///     them, which is what it gives for an image of three equal channels.
  /// - Throws: `NetsError` naming the file and the tensor that is missing, unknown, misshapen or not
  ///   finite; `WeightsError` where it cannot be read.
  public func loadModel(
    from file: SafetensorsReader, below prefix: String = "", keeping kept: [String] = [],
    summingChannelsOf summed: String? = nil
  ) throws {
    let read = file.descriptions.filter { $0.name.hasPrefix(prefix) }
      .map { $0.renamed(String($0.name.dropFirst(prefix.count))) }
      .filter { !kept.contains($0.name) }
    let described = read.map { $0.name == summed ? $0.withChannelsSummed : $0 }
    try requireModel(described, keeping: kept, file: file.path)
    let own = kept.isEmpty ? [] : try modelTensors().filter { kept.contains($0.name) }
    let tensors = try read.map {
      let tensor = try file.tensor(prefix + $0.name).renamed($0.name)
      return $0.name == summed ? try tensor.withChannelsSummed() : tensor
    }
    try loadModel(tensors + own, file: file.path)
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

extension TensorDescription {
  /// Whether it is a convolution's weight over the colours of an image.
  fileprivate var isOfColours: Bool {
    shape.count == 4 && shape[1] == 3 && type.isFloatingPoint
  }

  /// The same with a single input channel.
  fileprivate var withChannelsSummed: TensorDescription {
    guard isOfColours else { return self }
    return TensorDescription(name: name, type: type, shape: [shape[0], 1, shape[2], shape[3]])
  }
}

extension Tensor {
  /// A convolution's weight `[O, 3, H, W]` as `[O, 1, H, W]`, float32; any other as it is.
  fileprivate func withChannelsSummed() throws -> Tensor {
    let own = TensorDescription(name: name, type: type, shape: shape)
    guard own.isOfColours else { return self }
    let window = shape[2] * shape[3]
    let values = floats()
    let sums = (0..<shape[0] * window).map { index in
      let first = index / window * 3 * window + index % window
      return values[first] + values[first + window] + values[first + 2 * window]
    }
    return try Tensor(name: name, shape: own.withChannelsSummed.shape, floats: sums)
  }
}
