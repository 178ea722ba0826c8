import TestSupport
import Testing

@testable import Nets

/// Batch normalisation by kernels of ours against PyTorch: of concatenated inputs that are never
/// concatenated, in every layout, forward and backward, elementwise.
@Suite(.serialized) struct NormalizationTests {
  @Test(arguments: Precision.computable, OperationHarness.InputLayout.allCases)
  func concatenatedNormalizationMatchesPyTorch(
    _ precision: Precision, _ layout: OperationHarness.InputLayout
  ) throws {
    for activation in [nil, .relu, .silu] as [ActivationFunction?] {
      let operation = "concatenated-normalisation" + (activation.map { "-\($0.rawValue)" } ?? "")
      let cases = try GoldenOperation.all(operation, in: Goldens("normalisation"))
      #expect(cases.count >= 3)
      // bfloat16 holds values around 40 to the next 1/4: that much of the input is lost.
      for golden in cases where precision == .f32 || golden.name != "large-mean" {
        let names = (0..<(try golden.integer("inputs"))).map { "input\($0)" }
        let result = try OperationHarness(precision: precision, layout: layout).run(
          inputs: names.map { try #require(try golden.tensor($0)) },
          parameters: [
            #require(try golden.tensor("scale", as: "layer.weight")),
            #require(try golden.tensor("shift", as: "layer.bias")),
          ],
          outputGradient: golden.tensor("output_gradient")?.floats()
        ) { try $0.batchNormalization(concatenating: $1, name: "layer", activation: activation) }
        try golden.expectClose("output", result.output, precision)
        for (name, gradient) in zip(names, result.inputGradients) {
          try golden.expectClose("\(name)_gradient", gradient, precision)
        }
        try golden.expectClose(
          "scale_gradient", result.parameterGradients["layer.weight"], precision)
        try golden.expectClose(
          "shift_gradient", result.parameterGradients["layer.bias"], precision)
      }
    }
  }

  @Test(arguments: Precision.computable, OperationHarness.InputLayout.allCases)
  func sharedInputsCollectTheGradientsOfAllReaders(
    _ precision: Precision, _ layout: OperationHarness.InputLayout
  ) throws {
    let cases = try GoldenOperation.all("nested-normalisation", in: Goldens("normalisation"))
    #expect(cases.count >= 2)
    for golden in cases {
      let result = try OperationHarness(precision: precision, layout: layout).run(
        inputs: ["a", "b"].map { try #require(try golden.tensor($0)) },
        parameters: ["inner", "outer"].flatMap {
          [
            try #require(try golden.tensor("\($0)_scale", as: "\($0).weight")),
            try #require(try golden.tensor("\($0)_shift", as: "\($0).bias")),
          ]
        },
        outputGradient: golden.tensor("output_gradient")?.floats()
      ) { graph, inputs in
        let middle = try graph.batchNormalization(
          concatenating: inputs, name: "inner", activation: .relu)
        return try graph.batchNormalization(
          concatenating: [inputs[0], middle, inputs[1]], name: "outer")
      }
      var actual = [
        "output": result.output, "a_gradient": result.inputGradients[0],
        "b_gradient": result.inputGradients[1],
      ]
      // What the second normalisation leaves of the first one's parameters is less than bfloat16's
      // roundings.
      for layer in ["inner", "outer"] where precision == .f32 || layer == "outer" {
        actual["\(layer)_scale_gradient"] = result.parameterGradients["\(layer).weight"]
        actual["\(layer)_shift_gradient"] = result.parameterGradients["\(layer).bias"]
      }
      #expect(actual.count >= 5)
      for (name, values) in actual {
        // By norm: in bfloat16 some argument of the ReLU falls on the other side of zero, which is a
        // whole entry of a gradient.
        let expected = try #require(try golden.tensor(name)).floats()
        let comparison = Comparison(name, values, expected, .exact)
        #expect(
          comparison.relativeError < (precision == .f32 ? 1e-5 : 0.1),
          "\(golden.name) \(comparison)")
      }
    }
  }

  @Test func unequalSizesCannotBeConcatenated() {
    #expect {
      var graph = Graph()
      let left = graph.input(shape: [6, 4, 4])
      let right = graph.input(shape: [6, 4, 3])
      _ = try graph.batchNormalization(
        concatenating: [left, right], name: "norm", activation: .relu)
    } throws: { "\($0)".contains("norm") && "\($0)".contains("[6, 4, 3]") }
  }
}
