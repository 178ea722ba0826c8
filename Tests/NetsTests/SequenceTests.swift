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

  @Test(arguments: Precision.computable)
  func gatedSumsMatchPyTorch(_ precision: Precision) throws {
    let cases = try GoldenOperation.all("gated-sum", in: goldens)
    #expect(cases.count == 6)
    for golden in cases {
      try expect(golden, of: ["gate", "left", "right"], precision) {
        try $0.gatedSum(gate: $1[0], $1[1], $1[2], name: "sum")
      }
    }
  }

  @Test(arguments: Precision.computable)
  func concatenationsMatchPyTorch(_ precision: Precision) throws {
    let cases = try GoldenOperation.all("concatenation", in: goldens)
    #expect(cases.count == 6)
    for golden in cases {
      try expect(golden, of: ["first", "second", "third"], precision) {
        try $0.concatenateFeatures($1, name: "join")
      }
    }
  }

  @Test(arguments: Precision.computable)
  func paddingMasksMatchPyTorch(_ precision: Precision) throws {
    let cases = try GoldenOperation.all("padding-mask", in: goldens)
    #expect(cases.count == 3)
    for golden in cases {
      try expect(
        golden, of: ["input"], lengths: golden.required("lengths").integers().map(Int32.init),
        precision
      ) {
        try $0.paddingMask($1[0], lengths: $1[1], name: "mask")
      }
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

  /// Compares the output, and the gradient of each input, of an operation without parameters.
  private func expect(
    _ golden: GoldenOperation, of inputs: [String], lengths: [Int32]? = nil,
    _ precision: Precision, build: (inout Graph, [ValueID]) throws -> ValueID
  ) throws {
    let result = try OperationHarness(precision: precision).run(
      inputs: inputs.map { try golden.required($0) }, lengths: lengths,
      outputGradient: golden.floats("output_gradient"), build: build)
    try golden.expectClose("output", result.output, precision)
    for (input, gradient) in zip(inputs, result.inputGradients) {
      try golden.expectClose("\(input)_gradient", gradient, precision)
    }
  }
}
