import TestSupport
import Testing

@testable import Nets

/// Squeeze-and-excitation's multiplication against PyTorch, forward and backward, elementwise, in the
/// layouts that neighbours may hand it.
@Suite(.serialized) struct ChannelMultiplicationTests {
  @Test(arguments: Precision.computable, [false, true])
  func channelMultiplicationMatchesPyTorch(
    _ precision: Precision, afterConvolution: Bool
  ) throws {
    let cases = try GoldenOperation.all("channel-multiplication", in: Goldens("elementwise"))
    #expect(cases.count >= 4)
    for golden in cases {
      let input = try #require(try golden.tensor("input"))
      let factors = try #require(try golden.tensor("factors"))
      func build(_ graph: inout Graph, _ inputs: [ValueID]) throws -> ValueID {
        // An identity in front brings oneDNN's preferred, blocked layout.
        let values =
          afterConvolution
          ? try graph.convolution(
            inputs[0], name: "identity", channels: input.shape[1], kernel: 1) : inputs[0]
        return try graph.channelMultiplication(values, by: inputs[1], name: "layer")
      }
      let parameters = afterConvolution ? [try identity(channels: input.shape[1])] : []
      let harness = OperationHarness(precision: precision)
      let result = try harness.run(
        inputs: [input, factors], parameters: parameters,
        outputGradient: golden.tensor("output_gradient")?.floats(), build: build)
      try golden.expectClose("output", result.output, precision)
      try golden.expectClose("input_gradient", result.inputGradients[0], precision)
      try golden.expectClose("factors_gradient", result.inputGradients[1], precision)
      let inferred = try harness.run(
        inputs: [input, factors], parameters: parameters, outputGradient: nil, build: build)
      try golden.expectClose("output", inferred.output, precision)
    }
  }

  private func identity(channels: Int) throws -> Tensor {
    try Tensor(
      name: "identity.weight", shape: [channels, channels, 1, 1],
      floats: (0..<channels * channels).map { $0 % (channels + 1) == 0 ? 1 : 0 })
  }
}
