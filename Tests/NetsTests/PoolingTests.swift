import TestSupport
import Testing

@testable import Nets

/// Poolings and flattenings against PyTorch, forward and backward, elementwise.
@Suite(.serialized) struct PoolingTests {
  private func expectMatch(
    _ operation: String, atLeast count: Int, _ precision: Precision,
    _ layout: OperationHarness.InputLayout,
    build: (inout Graph, ValueID, GoldenOperation) throws -> ValueID
  ) throws {
    let cases = try GoldenOperation.all(operation, in: Goldens("pooling"))
    #expect(cases.count >= count)
    for golden in cases {
      let result = try OperationHarness(precision: precision, layout: layout).run(
        inputs: [#require(try golden.tensor("input"))],
        outputGradient: golden.tensor("output_gradient")?.floats()
      ) { try build(&$0, $1[0], golden) }
      try golden.expectClose("output", result.output, precision)
      try golden.expectClose("input_gradient", result.inputGradients[0], precision)
    }
  }

  @Test(arguments: Precision.computable, OperationHarness.InputLayout.allCases)
  func averagePoolingMatchesPyTorch(
    _ precision: Precision, _ layout: OperationHarness.InputLayout
  ) throws {
    try expectMatch("average-pooling", atLeast: 5, precision, layout) { graph, input, golden in
      try graph.averagePooling(
        input, name: "layer", kernel: golden.integer("kernel"), stride: golden.integer("stride"),
        padding: golden.integer("padding"))
    }
  }

  @Test(arguments: Precision.computable, OperationHarness.InputLayout.allCases)
  func maximumPoolingMatchesPyTorch(
    _ precision: Precision, _ layout: OperationHarness.InputLayout
  ) throws {
    try expectMatch("max-pooling", atLeast: 4, precision, layout) { graph, input, golden in
      try graph.maximumPooling(
        input, name: "layer", kernel: golden.integer("kernel"), stride: golden.integer("stride"),
        padding: golden.integer("padding"))
    }
  }

  @Test(arguments: Precision.computable, OperationHarness.InputLayout.allCases)
  func adaptiveAveragePoolingMatchesPyTorch(
    _ precision: Precision, _ layout: OperationHarness.InputLayout
  ) throws {
    try expectMatch("adaptive-average-pooling", atLeast: 6, precision, layout) {
      graph, input, golden in
      try graph.adaptiveAveragePooling(
        input, name: "layer", height: golden.integer("height"), width: golden.integer("width"))
    }
  }

  @Test(arguments: Precision.computable, OperationHarness.InputLayout.allCases)
  func flatteningMatchesPyTorch(
    _ precision: Precision, _ layout: OperationHarness.InputLayout
  ) throws {
    try expectMatch("flattening", atLeast: 3, precision, layout) { graph, input, _ in
      try graph.flattening(input, name: "layer")
    }
    try expectMatch("flattening-channels-last", atLeast: 3, precision, layout) {
      graph, input, _ in
      try graph.flattening(input, name: "layer", order: .channelsLast)
    }
  }

  @Test func impossibleWindowsAreNamed() {
    #expect {
      var graph = Graph()
      let input = graph.input(shape: [6, 4, 4])
      _ = try graph.averagePooling(input, name: "pool", kernel: 2, stride: 2, padding: 2)
    } throws: { "\($0)".contains("pool") && "\($0)".contains("more than half") }
    #expect {
      var graph = Graph()
      let input = graph.input(shape: [6, 4, 4])
      _ = try graph.adaptiveAveragePooling(input, name: "pool", height: 0, width: 1)
    } throws: { "\($0)".contains("pool") && "\($0)".contains("0x1") }
  }
}
