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

  /// - Throws: `NetsError.unknownArray` where there is none of the name and type.
  func input(_ name: String, isInteger: Bool) throws -> Located {
    let candidates = inputs.filter { ($0.specification.content == .integers) == isInteger }
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
