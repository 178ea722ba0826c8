/// Where the caller finds a plan's inputs and outputs.
struct NamedArrays {
  private let inputs: [(specification: InputSpecification, located: Located)]
  private let outputs: [String: Located]

  init(_ builder: PlanBuilder) {
    inputs = builder.graph.inputs.map { ($0, builder.located($0.value)) }
    outputs = builder.outputs
  }

  /// All of them.
  var locatedInputs: [Located] { inputs.map(\.located) }
  var locatedOutputs: [Located] { Array(outputs.values) }

  /// - Throws: `NetsError.unknownArray` where there is none of the name and content, or it is not
  ///   plain.
  func input(_ name: String, isInteger: Bool) throws -> Located {
    try find(name) { specification, located in
      switch specification.content {
      case .integers: isInteger
      case .floats: !isInteger
      case .pixels: try !isInteger && PixelFormat.format(of: located.layout) == .plain
      }
    }
  }

  /// - Throws: `NetsError.unknownArray` where there are no images of the name.
  func pixels(_ name: String) throws -> (located: Located, format: PixelFormat) {
    let found = try find(name) { specification, _ in specification.content == .pixels }
    return (found, try PixelFormat.format(of: found.layout) ?? .plain)
  }

  private func find(
    _ name: String, where holds: (InputSpecification, Located) throws -> Bool
  ) throws -> Located {
    let candidates = try inputs.filter(holds)
    guard let found = candidates.first(where: { $0.specification.name == name }) else {
      throw NetsError.unknownArray(name: name, known: candidates.map(\.specification.name))
    }
    return found.located
  }

  /// - Throws: `NetsError.unknownArray` where there is none of the name.
  func output(_ name: String) throws -> Located {
    guard let found = outputs[name] else {
      throw NetsError.unknownArray(name: name, known: outputs.keys.sorted())
    }
    return found
  }
}
