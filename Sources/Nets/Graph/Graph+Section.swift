extension Graph {
  /// The part of a network that leads to some of its outputs: with all that is before them, or from
  /// other outputs on, which become its inputs.
  ///
  /// Parameters are those of the whole network: plans of both read the same store.
  ///
  /// - Parameters:
  ///   - sources: names of outputs.
  ///   - targets: names of outputs.
  /// - Throws: `NetsError.unknownArray` where the network has no output of a name.
  public func section(from sources: [String] = [], to targets: [String]) throws -> Graph {
    let given = try sources.map(output)
    let wanted = try targets.map(output)
    var needed = Set(wanted.map(\.value)).subtracting(given.map(\.value))
    var kept: [any Operation] = []
    for operation in operations.reversed() where !needed.isDisjoint(with: operation.results) {
      kept.append(operation)
      needed.formUnion(Set(operation.operands).subtracting(given.map(\.value)))
    }
    return replacing(
      operations: kept.reversed(),
      inputs: inputs.filter { needed.contains($0.value) }
        + given.map { InputSpecification(name: $0.name, value: $0.value, content: .floats) },
      outputs: wanted)
  }

  private func output(_ name: String) throws -> (name: String, value: ValueID) {
    guard let output = outputs.first(where: { $0.name == name }) else {
      throw NetsError.unknownArray(name: name, known: outputs.map(\.name))
    }
    return output
  }
}

extension Graph {
  /// Names of the tensors that a file of the model has for the graph's operations: a section has the
  /// parameters of the whole network, and uses some.
  public var tensorNames: Set<String> {
    let layers = operations.compactMap { $0 as? BatchNormalization }
      .map { statistics[$0.statistics].name }
    let used = operations.flatMap(\.parameters).map { parameters[$0].name }
    return Set(used).union(
      layers.flatMap { layer in
        ["running_mean", "running_var", "num_batches_tracked"].map { "\(layer).\($0)" }
      })
  }
}
