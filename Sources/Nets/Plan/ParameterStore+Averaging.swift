import CVectorKernels

// A second store of the same network, such as the moving average of the first one's weights. Running
// statistics lie behind the weights in one vector, so that a copy or an average is one pass over it.

extension ParameterStore {
  /// A store with the layouts and the values of another.
  ///
  /// - Throws: `NetsError` where there is no memory for it.
  public convenience init(copying other: ParameterStore) throws {
    var order = [Int](repeating: 0, count: other.positions.count)
    for (index, position) in other.positions.enumerated() { order[position] = index }
    try self.init(
      graph: other.graph, layouts: other.layouts, order: order, device: KernelDevice())
    copy(other)
  }

  /// Takes over weights and running statistics of a store of the same network and layouts.
  public func copy(_ other: ParameterStore) {
    precondition(other.vectorCount == vectorCount)
    if let own = values.baseAddress, let theirs = other.values.baseAddress {
      own.update(from: theirs, count: vectorCount)
    }
    batchesTracked = other.batchesTracked
  }

  /// Moves weights and running statistics towards those of a store of the same network and layouts:
  /// own ← own + factor · (other − own).
  ///
  /// - Determinism: the same bits for any number of kernel threads.
  public func move(towards other: ParameterStore, by factor: Float) {
    precondition(other.vectorCount == vectorCount)
    if let own = values.baseAddress, let theirs = other.values.baseAddress {
      aver_move_towards_f32(own, theirs, factor, vectorCount)
    }
    batchesTracked = other.batchesTracked
  }

  /// Where the parameters lie, in the order in which the graph declares them: from the input on.
  public var parametersFromInput: [ParameterInfo] { positions.map { parameters[$0] } }

  private var vectorCount: Int { elementCount + statistics.count }
}
