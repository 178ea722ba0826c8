import TestSupport
import Testing

@testable import Nets

/// One case of an operation in a golden file: `<operation>/<case>/<tensor>`.
struct GoldenOperation {
  let goldens: Goldens
  let operation: String
  let name: String
  /// The numbers that describe the case.
  let attributes: [String: Double]

  /// All cases of an operation.
  static func all(_ operation: String, in goldens: Goldens) throws -> [GoldenOperation] {
    try goldens.cases(of: operation).map {
      GoldenOperation(
        goldens: goldens, operation: operation, name: $0,
        attributes: try goldens.attributes(operation, $0))
    }
  }

  /// A tensor of the case, renamed; nil where the case has none of this name.
  func tensor(_ tensor: String, as newName: String = "") throws -> Tensor? {
    let full = "\(operation)/\(name)/\(tensor)"
    guard goldens.names.contains(full) else { return nil }
    var found = try goldens.tensor(full)
    found.name = newName
    return found
  }

  /// A tensor that the case must have, renamed.
  func required(_ tensor: String, as newName: String = "") throws -> Tensor {
    try #require(try self.tensor(tensor, as: newName), "\(operation)/\(name)/\(tensor)")
  }

  /// The elements of a tensor that the case must have.
  func floats(_ tensor: String) throws -> [Float] { try required(tensor).floats() }

  func integer(_ attribute: String) throws -> Int { Int(try #require(attributes[attribute])) }

  /// Expects the values of a tensor, or that neither side has it.
  func expectClose(
    _ tensor: String, _ actual: [Float]?, _ precision: Precision,
    _ tolerances: [Precision: Tolerance] = OperationTests.tolerances,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let label = "\(operation)/\(name)/\(tensor) \(precision)"
    let expected = try self.tensor(tensor)?.floats()
    #expect((actual == nil) == (expected == nil), "\(label)", sourceLocation: sourceLocation)
    guard let actual, let expected else { return }
    let tolerance = try #require(tolerances[precision])
    let comparison = Comparison(label, actual, expected, tolerance)
    #expect(comparison.passes, "\(comparison)", sourceLocation: sourceLocation)
  }

  /// Expects the case's loss, outputs and every gradient of a plan that has run.
  func expectStep(
    of plan: TrainingPlan, _ tolerance: Tolerance, outputs: [String] = [],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let loss = plan.slot(0)[plan.slotLayout.sums.lowerBound]
    let gradients = try GoldenStep.gradients(of: plan)
    let expected = try goldens.tensors(under: "\(operation)/\(name)/gradients")
    #expect(
      Set(gradients.keys) == Set(expected.map(\.name)), "\(name)", sourceLocation: sourceLocation)
    let comparisons =
      try [Comparison("loss", [loss], floats("loss"), tolerance)]
      + outputs.map { Comparison($0, Array(try plan.output($0)), try floats($0), tolerance) }
      + expected.map { Comparison(try #require(gradients[$0.name]), $0, tolerance) }
    for comparison in comparisons {
      #expect(comparison.passes, "\(name): \(comparison)", sourceLocation: sourceLocation)
    }
  }
}
