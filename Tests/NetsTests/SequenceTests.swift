import TestSupport
import Testing

@testable import Nets

/// Operations along the last axis, of features and of sequences, against PyTorch.
@Suite(.serialized) struct SequenceTests {
  let goldens: Goldens

  init() throws { goldens = try Goldens("sequences") }

  @Test(arguments: Precision.computable)
  func layerNormalizationMatchesPyTorch(_ precision: Precision) throws {
    let cases = try GoldenOperation.all("layer-normalisation", in: goldens)
    #expect(cases.count == 6)
    for golden in cases {
      let result = try OperationHarness(precision: precision).run(
        inputs: [golden.required("input")],
        parameters: [
          golden.required("scale", as: "layer.weight"), golden.required("shift", as: "layer.bias"),
        ],
        outputGradient: golden.floats("output_gradient")
      ) { try $0.layerNormalization($1[0], name: "layer") }
      try golden.expectClose("output", result.output, precision)
      try golden.expectClose("input_gradient", result.inputGradients[0], precision)
      try golden.expectClose("scale_gradient", result.parameterGradients["layer.weight"], precision)
      try golden.expectClose("shift_gradient", result.parameterGradients["layer.bias"], precision)
    }
  }

  @Test(arguments: Precision.computable)
  func layerNormalizationIsTheSameInAnInferencePlan(_ precision: Precision) throws {
    for golden in try GoldenOperation.all("layer-normalisation", in: goldens) {
      let result = try OperationHarness(precision: precision).run(
        inputs: [golden.required("input")],
        parameters: [
          golden.required("scale", as: "layer.weight"), golden.required("shift", as: "layer.bias"),
        ],
        outputGradient: nil
      ) { try $0.layerNormalization($1[0], name: "layer") }
      try golden.expectClose("output", result.output, precision)
    }
  }

  @Test(arguments: Precision.computable)
  func linearTakesSequencesFrameByFrame(_ precision: Precision) throws {
    let cases = try GoldenOperation.all("linear", in: goldens)
    #expect(cases.count == 3)
    for golden in cases {
      let result = try OperationHarness(precision: precision).run(
        inputs: [golden.required("input")],
        parameters: [
          golden.required("weight", as: "layer.weight"), golden.required("bias", as: "layer.bias"),
        ],
        outputGradient: golden.floats("output_gradient")
      ) { try $0.linear($1[0], name: "layer", features: 9) }
      try golden.expectClose("output", result.output, precision)
      try golden.expectClose("input_gradient", result.inputGradients[0], precision)
      try golden.expectClose(
        "weight_gradient", result.parameterGradients["layer.weight"], precision)
      try golden.expectClose("bias_gradient", result.parameterGradients["layer.bias"], precision)
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
