import COneDNN

/// The weights as kernels read them, where those are not the master weights: in other layouts and
/// types, and what is computed from them.
final class WeightsCopies {
  /// Of each weights request: the master weights or a copy.
  let addresses: [UnsafeMutableRawPointer]
  /// Of each array that is computed from weights.
  let derivedAddresses: [UnsafeMutableRawPointer]

  private let reorders: [PreparedPrimitive]
  private let kernels: FixedList<any WeightsKernel>
  /// What the addresses point into.
  private let memories: [AlignedMemory]

  init(_ builder: PlanBuilder, of parameters: ParameterStore) throws {
    var memories: [AlignedMemory] = []
    var reorders: [PreparedPrimitive] = []
    func memory(_ byteCount: Int) throws -> UnsafeMutableRawPointer {
      memories.append(try AlignedMemory(byteCount: byteCount, purpose: "weights"))
      return memories[memories.count - 1].address
    }
    let addresses = try builder.weightsRequests.map { request in
      let master = parameters.address(ofParameter: request.parameter)
      let layout = parameters.layouts[request.parameter]
      if request.layout.isEqual(to: layout) { return master }
      let copy = try memory(request.layout.byteCount)
      reorders.append(
        try PreparedPrimitive(
          reorderFrom: (layout, master), to: (request.layout, copy), device: builder.device,
          attributes: builder.attributes,
          layer: parameters.graph.parameters[request.parameter].name))
      return copy
    }
    let derived = try builder.derivedWeights.map { try memory($0.byteCount) }
    kernels = FixedList(
      zip(builder.derivedWeights, derived).map { array, address in
        array.prepare(address, array.sources.map { $0.place.address(ofRequests: addresses) })
      })
    self.addresses = addresses
    derivedAddresses = derived
    self.reorders = reorders
    self.memories = memories
  }

  /// Brings everything up to date with the master weights.
  func refresh() throws {
    // By index: an unspecialised iterator (debug builds) would allocate.
    for index in 0..<reorders.count { try reorders[index].run() }
    for index in 0..<kernels.count { kernels.elements[index].run() }
  }
}

extension Place {
  fileprivate func address(
    ofRequests addresses: [UnsafeMutableRawPointer]
  ) -> UnsafeMutableRawPointer {
    guard case .weights(let request) = self else {
      preconditionFailure("arrays are derived from parameters only")
    }
    return addresses[request]
  }
}
