import TestSupport
import Testing

@testable import Nets

/// Nonlinearities against PyTorch, forward and backward, elementwise.
@Suite(.serialized) struct ActivationTests {
  @Test(arguments: ActivationFunction.allCases, Precision.computable)
  func activationMatchesPyTorch(_ function: ActivationFunction, _ precision: Precision) throws {
    let cases = try GoldenOperation.all(function.rawValue, in: Goldens("elementwise"))
    #expect(cases.count >= 3)
    for golden in cases {
      let input = try #require(try golden.tensor("input"))
      let harness = OperationHarness(precision: precision)
      let result = try harness.run(
        inputs: [input], outputGradient: golden.tensor("output_gradient")?.floats()
      ) { $0.activation($1[0], name: "layer", function) }
      try golden.expectClose("output", result.output, precision)
      try golden.expectClose("input_gradient", result.inputGradients[0], precision)
      let inferred = try harness.run(inputs: [input], outputGradient: nil) {
        $0.activation($1[0], name: "layer", function)
      }
      try golden.expectClose("output", inferred.output, precision)
    }
  }
}
