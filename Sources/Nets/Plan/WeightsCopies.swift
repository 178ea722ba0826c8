import COneDNN

/// The weights as kernels read them, where those are not the master weights: in other layouts and
/// types, and what is computed from them.
final class WeightsCopies {
  /// Of each weights request: the master weights or a copy.
  let addresses: [UnsafeMutableRawPointer]
  /// Of each array that is computed from them.
  let derivedAddresses: [UnsafeMutableRawPointer]

  /// Of trained parameters, then of frozen ones.
  private let reorders: [PreparedPrimitive]
  private let trainedCount: Int
  private let kernels: FixedList<any WeightsKernel>
  /// What the addresses point into.
  private let memories: [AlignedMemory]

  init(_ builder: PlanBuilder, of parameters: ParameterStore) throws {
    var memories: [AlignedMemory] = []
    var reorders: (trained: [PreparedPrimitive], frozen: [PreparedPrimitive]) = ([], [])
    func memory(_ byteCount: Int) throws -> UnsafeMutableRawPointer {
      memories.append(try AlignedMemory(byteCount: byteCount, purpose: "weights"))
      return memories[memories.count - 1].address
    }
    let addresses = try builder.weightsRequests.map { request in
      let master = parameters.address(ofParameter: request.parameter)
      let layout = parameters.layouts[request.parameter]
      if request.layout.isEqual(to: layout) { return master }
      let copy = try memory(request.layout.byteCount)
      let reorder = try PreparedPrimitive(
        reorderFrom: (layout, master), to: (request.layout, copy), device: builder.device,
        attributes: builder.attributes,
        layer: parameters.graph.parameters[request.parameter].name)
      if builder.learns(anyOf: [request.parameter]) {
        reorders.trained.append(reorder)
      } else {
        reorders.frozen.append(reorder)
      }
      return copy
    }
    let derived = try builder.derivedWeights.map { try memory($0.byteCount) }
    let scratch = try memory(builder.derivedWeights.map(\.scratchBytes).max() ?? 0)
    kernels = FixedList(
      try zip(builder.derivedWeights, derived).map { array, address in
        let sources = array.sources.map {
          $0.place.address(ofRequests: addresses, derived: derived, parameters)
        }
        return try array.prepare(
          DerivedWeightsMemory(
            array: address, sources: sources, scratch: scratch, parameters: parameters))
      })
    self.addresses = addresses
    derivedAddresses = derived
    self.reorders = reorders.trained + reorders.frozen
    trainedCount = reorders.trained.count
    self.memories = memories
  }

  /// Brings what is read of trained parameters up to date. In a plan that trains, nothing is computed
  /// from others than frozen ones.
  func refreshTrained() throws {
    // By index: an unspecialised iterator (debug builds) would allocate.
    for index in 0..<trainedCount { try reorders[index].run() }
  }

  /// Brings everything up to date with the master weights.
  func refresh() throws {
    for index in 0..<reorders.count { try reorders[index].run() }
    for index in 0..<kernels.count { try kernels.elements[index].run() }
  }
}

extension Place {
  fileprivate func address(
    ofRequests requests: [UnsafeMutableRawPointer], derived: [UnsafeMutableRawPointer],
    _ parameters: ParameterStore
  ) -> UnsafeMutableRawPointer {
    switch self {
    case .weights(let request): requests[request]
    case .derived(let array): derived[array]
    case .part(let place, let byteOffset):
      place.address(ofRequests: requests, derived: derived, parameters) + byteOffset
    case .runningMean(let index): parameters.address(ofRunningMean: index)
    case .runningVariance(let index): parameters.address(ofRunningVariance: index)
    case .buffer, .gradient, .batchMean, .batchVariance:
      preconditionFailure("arrays are derived from parameters and running statistics only")
    }
  }
}
