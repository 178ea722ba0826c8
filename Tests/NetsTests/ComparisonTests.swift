import Nets
import TestSupport
import Testing

@Suite struct ComparisonTests {
  private let tolerance = Tolerance(absolute: 0.01, relative: 0.1)

  @Test func closeElementsPass() {
    #expect(Comparison("t", [1, 2], [1, 2], .exact).passes)
    #expect(Comparison("t", [1.05, -2.1], [1, -2], tolerance).passes)
  }

  @Test func oneElementBeyondTheToleranceFailsAndIsNamed() {
    let comparison = Comparison("fc.weight", [1, 2, 2], [1, 2, 3], tolerance)
    #expect(!comparison.passes)
    #expect(comparison.failures == 1)
    #expect(comparison.worst?.index == 2)
    #expect(
      comparison.description.hasPrefix("fc.weight: 1 of 3 beyond the tolerance; worst at 2: 2.0"))
  }

  @Test func exchangedElementsFail() {
    #expect(!Comparison("t", [2, 1], [1, 2], tolerance).passes)
  }

  @Test func notANumberFails() {
    #expect(!Comparison("t", [.nan, 1], [1, 1], tolerance).passes)
    #expect(!Comparison("t", [1, 1], [.nan, 1], tolerance).passes)
  }

  @Test func unequalCountsAndShapesFail() throws {
    #expect(!Comparison("t", [1], [1, 2], tolerance).passes)
    #expect(!Comparison("t", [1, 2], [1], tolerance).passes)
    #expect(!Comparison("t", [1], [], tolerance).passes)
    let row = try Tensor(name: "t", shape: [1, 2], floats: [1, 2])
    let column = try Tensor(name: "t", shape: [2, 1], floats: [1, 2])
    #expect(!Comparison(row, column, tolerance).passes)
    #expect(Comparison(row, row, tolerance).passes)
    let empty = try Tensor(name: "t", shape: [0, 2], floats: [])
    #expect(!Comparison(try Tensor(name: "t", shape: [2, 0], floats: []), empty, .exact).passes)
  }

  @Test func theAbsolutePartIsAFractionOfTheRootMeanSquare() {
    let expected: [Float] = [0, 100, -100, 0]
    #expect(
      Comparison("t", [0.7, 100, -100, 0], expected, Tolerance(absolute: 0.01, relative: 0)).passes)
    #expect(
      !Comparison("t", [0.8, 100, -100, 0], expected, Tolerance(absolute: 0.01, relative: 0)).passes
    )
  }

  @Test func committedGoldensAreWhole() throws {
    let operations = try Goldens("operations")
    #expect(operations.cases(of: "convolution").count == 8)
    #expect(
      try operations.attributes("convolution", "7x7-stride2") == ["stride": 2, "padding": 3])
    let network = try Goldens("resnet-basic")
    #expect(network.integers("widths") == [16, 16, 32, 32])
    #expect(network.names.filter { $0.hasPrefix("gradients/") }.count == 62)
    #expect(try network.tensors(under: "weights").count == 122)
    #expect(try #require(network.number("bf16_error/fc.weight")) < 0.1)
  }
}
