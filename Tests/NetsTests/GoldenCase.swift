import TestSupport
import Testing

@testable import Nets

/// One case of an operation in a golden file, and comparisons with it.
struct GoldenCase {
  let goldens: Goldens
  /// `<operation>/<case>`.
  let name: String
  let precision: Precision

  /// All cases of an operation.
  static func all(of operation: String, in goldens: Goldens, _ precision: Precision) -> [Self] {
    goldens.cases(of: operation).map {
      GoldenCase(goldens: goldens, name: "\(operation)/\($0)", precision: precision)
    }
  }

  /// A tensor of the case, renamed.
  func tensor(_ tensor: String, as newName: String = "") throws -> Tensor {
    var found = try goldens.tensor("\(name)/\(tensor)")
    found.name = newName
    return found
  }

  func floats(_ tensor: String) throws -> [Float] { try goldens.floats("\(name)/\(tensor)") }

  /// Expects `actual` to be the case's tensor, elementwise.
  func expect(
    _ tensor: String, _ actual: [Float]?,
    _ tolerances: [Precision: Tolerance] = OperationTests.tolerances,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let actual = try #require(actual, "\(name)/\(tensor)", sourceLocation: sourceLocation)
    let comparison = Comparison(
      "\(name)/\(tensor) \(precision)", actual, try floats(tensor),
      try #require(tolerances[precision]))
    #expect(comparison.passes, "\(comparison)", sourceLocation: sourceLocation)
  }
}
