import TestSupport
import Testing

@testable import Nets

/// Convolutions in groups and with a bias against PyTorch, forward and backward, elementwise.
@Suite(.serialized) struct ConvolutionTests {
  @Test(arguments: Precision.allCases)
  func groupsAndBiasMatchPyTorch(_ precision: Precision) throws {
    let cases = try GoldenOperation.all("convolution", in: Goldens("convolution"))
    #expect(cases.count >= 16)
    for golden in cases { try expectMatch(golden, precision) }
  }

  private func expectMatch(_ golden: GoldenOperation, _ precision: Precision) throws {
    let input = try #require(try golden.tensor("input"))
    let weight = try #require(try golden.tensor("weight", as: "layer.weight"))
    let bias = try golden.tensor("bias", as: "layer.bias")
    let parameters = [weight] + (bias.map { [$0] } ?? [])
    func build(_ graph: inout Graph, _ inputs: [ValueID]) throws -> ValueID {
      try graph.convolution(
        inputs[0], name: "layer", channels: weight.shape[0], kernel: weight.shape[2],
        stride: golden.integer("stride"), padding: golden.integer("padding"),
        groups: golden.integer("groups"), bias: bias != nil)
    }
    let harness = OperationHarness(precision: precision)
    let result = try harness.run(
      inputs: [input], parameters: parameters,
      outputGradient: golden.tensor("output_gradient")?.floats(), build: build)
    try golden.expectClose("output", result.output, precision)
    try golden.expectClose("input_gradient", result.inputGradients[0], precision)
    try golden.expectClose(
      "weight_gradient", result.parameterGradients["layer.weight"], precision)
    try golden.expectClose("bias_gradient", result.parameterGradients["layer.bias"], precision)

    // The layouts of files differ from those of training: the weights must survive the way back.
    let stored = try result.parameters.modelTensors()
    #expect(stored.map(\.shape) == parameters.map(\.shape))
    #expect(stored.map { $0.floats() } == parameters.map { $0.floats() })

    let inferred = try harness.run(
      inputs: [input], parameters: parameters, outputGradient: nil, build: build)
    try golden.expectClose("output", inferred.output, precision)
  }

  @Test func groupsThatDoNotDivideTheChannelsAreNamed() {
    #expect {
      var graph = Graph()
      let input = graph.input(shape: [6, 4, 4])
      _ = try graph.convolution(input, name: "odd", channels: 8, kernel: 1, groups: 3)
    } throws: { error in
      "\(error)".contains("odd") && "\(error)".contains("3 groups")
    }
  }
}
