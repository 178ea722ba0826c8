/// Parts of a network that training leaves as they are.
struct FrozenParts {
  /// Indices in the graph.
  var parameters: Set<Int> = []
  /// Of batch normalisations whose scale and shift are frozen, by index in the graph.
  var statistics: Set<Int> = []
  /// Names of layers.
  var layers: Set<String> = []
}

extension Graph {
  /// Freezes parts of what was added so far, as PyTorch's `requires_grad_(False)` and `eval()` do
  /// together.
  ///
  /// Frozen parameters have no gradients. A batch normalisation of which scale and shift are frozen
  /// uses its running statistics and leaves them as they are; a dropout and a stochastic depth that
  /// are frozen drop nothing. Gradients pass through frozen parts to what learns before them; where
  /// nothing does, frozen parts are computed as in inference.
  ///
  /// - Parameter isFrozen: is given torchvision's names of parameters (`layer1.0.bn1.weight`) and
  ///   layers (`layer1.0.bn1`).
  public mutating func freeze(where isFrozen: (_ name: String) -> Bool) {
    frozen.parameters.formUnion(parameters.indices.filter { isFrozen(parameters[$0].name) })
    frozen.layers.formUnion(operations.map(\.name).filter(isFrozen))
    let normalizations = operations.compactMap { $0 as? BatchNormalization }
    frozen.statistics.formUnion(
      normalizations.filter { frozen.parameters.isSuperset(of: $0.parameters) }.map(\.statistics))
  }

  /// Lets layers of what was added so far compute as in evaluation, while weights learn: batch
  /// normalisations keep their statistics, scale and shift, as torchvision's `FrozenBatchNorm2d`, and
  /// nothing is dropped.
  ///
  /// - Parameter isHeld: is given the names of layers.
  public mutating func holdStatistics(where isHeld: (_ layer: String) -> Bool) {
    for operation in operations where isHeld(operation.name) {
      frozen.layers.insert(operation.name)
      guard let normalization = operation as? BatchNormalization else { continue }
      frozen.parameters.formUnion(normalization.parameters)
      frozen.statistics.insert(normalization.statistics)
    }
  }

  /// Whether a parameter has no gradient.
  func isFrozen(parameter: Int) -> Bool { frozen.parameters.contains(parameter) }

  /// Whether a batch normalisation uses its running statistics in training, too.
  func isFrozen(statistics: Int) -> Bool { frozen.statistics.contains(statistics) }

  /// Whether a layer that draws random numbers in training does not.
  func isFrozen(layer: String) -> Bool { frozen.layers.contains(layer) }

  /// Of each operation whether gradients pass through it: something learns in it or before it.
  ///
  /// - Parameter given: values before which something learns that is not in the graph.
  func learningOperations(after given: Set<ValueID> = []) -> [Bool] {
    var learned = given
    return operations.map { operation in
      let learns =
        operation.parameters.contains { !isFrozen(parameter: $0) }
        || operation.operands.contains(where: learned.contains)
      if learns { learned.formUnion(operation.results) }
      return learns
    }
  }
}
