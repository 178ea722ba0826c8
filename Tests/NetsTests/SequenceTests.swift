import TestSupport
import Testing

@testable import Nets

/// Operations along the last axis, of features and of sequences, against PyTorch.
@Suite(.serialized) struct SequenceTests {
  let goldens: Goldens

  init() throws { goldens = try Goldens("sequences") }

  @Test(arguments: Precision.allCases)
  func layerNormalizationMatchesPyTorch(_ precision: Precision) throws {
    let cases = GoldenCase.all(of: "layer-normalisation", in: goldens, precision)
    #expect(cases.count == 6)
    for golden in cases {
      let result = try OperationHarness(precision: precision).run(
        inputs: [golden.tensor("input")],
        parameters: [
          golden.tensor("scale", as: "layer.weight"), golden.tensor("shift", as: "layer.bias"),
        ],
        outputGradient: golden.floats("output_gradient")
      ) { try $0.layerNormalization($1[0], name: "layer") }
      try golden.expect("output", result.output)
      try golden.expect("input_gradient", result.inputGradients[0])
      try golden.expect("scale_gradient", result.parameterGradients["layer.weight"])
      try golden.expect("shift_gradient", result.parameterGradients["layer.bias"])
    }
  }

  @Test(arguments: Precision.allCases)
  func layerNormalizationIsTheSameInAnInferencePlan(_ precision: Precision) throws {
    for golden in GoldenCase.all(of: "layer-normalisation", in: goldens, precision) {
      let result = try OperationHarness(precision: precision).run(
        inputs: [golden.tensor("input")],
        parameters: [
          golden.tensor("scale", as: "layer.weight"), golden.tensor("shift", as: "layer.bias"),
        ],
        outputGradient: nil
      ) { try $0.layerNormalization($1[0], name: "layer") }
      try golden.expect("output", result.output)
    }
  }

  @Test(arguments: Precision.allCases)
  func linearTakesSequencesFrameByFrame(_ precision: Precision) throws {
    let cases = GoldenCase.all(of: "linear", in: goldens, precision)
    #expect(cases.count == 3)
    for golden in cases {
      let result = try OperationHarness(precision: precision).run(
        inputs: [golden.tensor("input")],
        parameters: [
          golden.tensor("weight", as: "layer.weight"), golden.tensor("bias", as: "layer.bias"),
        ],
        outputGradient: golden.floats("output_gradient")
      ) { try $0.linear($1[0], name: "layer", features: 9) }
      try golden.expect("output", result.output)
      try golden.expect("input_gradient", result.inputGradients[0])
      try golden.expect("weight_gradient", result.parameterGradients["layer.weight"])
      try golden.expect("bias_gradient", result.parameterGradients["layer.bias"])
    }
  }

  @Test func anImageHasNoLastAxisToNormalize() {
    #expect(
      throws: NetsError.shape(
        layer: "norm",
        problem: "needs an input [features] or [frames, features], got [3, 4, 5]")
    ) {
      var graph = Graph()
      let image = graph.input(shape: [3, 4, 5])
      _ = try graph.layerNormalization(image, name: "norm")
    }
  }
}
