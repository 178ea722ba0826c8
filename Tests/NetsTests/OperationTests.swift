import Foundation
import TestSupport
import Testing

@testable import Nets

/// Every operation against PyTorch, forward and backward, elementwise.
@Suite(.serialized) struct OperationTests {
  /// float32: a few roundings of sums. bfloat16 has 8 bits: inputs, weights and results are each
  /// rounded once, so that a sum of products of magnitude m is off by up to 3 · 2⁻⁹ · m and more
  /// where the terms cancel.
  static let tolerances: [Precision: Tolerance] = [
    .f32: Tolerance(absolute: 2e-6, relative: 1e-5),
    .bf16: Tolerance(absolute: 2e-2, relative: 2e-2),
  ]

  let goldens: Goldens

  init() throws { goldens = try Goldens("operations") }

  private func cases(_ operation: String) -> [String] {
    let prefix = "\(operation)/"
    return Set(
      goldens.names.filter { $0.hasPrefix(prefix) }.map {
        prefix + $0.dropFirst(prefix.count).prefix { $0 != "/" }
      }
    ).sorted()
  }

  private func attributes(_ name: String) throws -> [String: Double] {
    let text = try #require(goldens.metadata[name])
    return try JSONDecoder().decode([String: Double].self, from: Data(text.utf8))
  }

  private func tensor(_ name: String, as newName: String = "") throws -> Tensor {
    var tensor = try goldens.tensor(name)
    tensor.name = newName
    return tensor
  }

  private func expectClose(
    _ name: String, _ actual: [Float]?, _ precision: Precision,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let actual = try #require(actual, "\(name)", sourceLocation: sourceLocation)
    let tolerance = try #require(Self.tolerances[precision])
    let comparison = Comparison(
      "\(name) \(precision)", actual, try goldens.floats(name), tolerance)
    #expect(comparison.passes, "\(comparison)", sourceLocation: sourceLocation)
  }

  @Test(arguments: Precision.computable)
  func convolutionMatchesPyTorch(_ precision: Precision) throws {
    let cases = cases("convolution")
    #expect(cases.count >= 8)
    for name in cases {
      let attributes = try attributes(name)
      let weight = try tensor("\(name)/weight", as: "layer.weight")
      let result = try OperationHarness(precision: precision).run(
        inputs: [tensor("\(name)/input")], parameters: [weight],
        outputGradient: goldens.floats("\(name)/output_gradient")
      ) { graph, inputs in
        try graph.convolution(
          inputs[0], name: "layer", channels: weight.shape[0], kernel: weight.shape[2],
          stride: Int(attributes["stride"] ?? 1), padding: Int(attributes["padding"] ?? 0))
      }
      try expectClose("\(name)/output", result.output, precision)
      try expectClose("\(name)/input_gradient", result.inputGradients[0], precision)
      try expectClose(
        "\(name)/weight_gradient", result.parameterGradients["layer.weight"], precision)
    }
  }

  @Test(arguments: Precision.computable, [false, true])
  func batchNormalizationMatchesPyTorch(_ precision: Precision, relu: Bool) throws {
    let cases = cases(relu ? "batch-normalisation-relu" : "batch-normalisation")
    #expect(cases.count >= 3)
    for name in cases {
      let input = try tensor("\(name)/input")
      let parameters = [
        try tensor("\(name)/scale", as: "layer.weight"),
        try tensor("\(name)/shift", as: "layer.bias"),
      ]
      let running = [
        try tensor("\(name)/running_mean", as: "layer.running_mean"),
        try tensor("\(name)/running_variance", as: "layer.running_var"),
      ]
      let result = try OperationHarness(precision: precision).run(
        inputs: [input], parameters: parameters, statistics: running,
        outputGradient: goldens.floats("\(name)/output_gradient")
      ) { try $0.batchNormalization($1[0], name: "layer", activation: relu ? .relu : nil) }
      try expectClose("\(name)/output", result.output, precision)
      try expectClose("\(name)/input_gradient", result.inputGradients[0], precision)
      try expectClose(
        "\(name)/scale_gradient", result.parameterGradients["layer.weight"], precision)
      try expectClose(
        "\(name)/shift_gradient", result.parameterGradients["layer.bias"], precision)

      result.batchStatistics.withUnsafeBufferPointer {
        result.parameters.updateRunningStatistics(from: $0, microBatch: input.shape[0])
      }
      let updated = Dictionary(
        uniqueKeysWithValues: try result.parameters.modelTensors().map { ($0.name, $0) })
      try expectClose(
        "\(name)/updated_mean", updated["layer.running_mean"]?.floats(), precision)
      try expectClose(
        "\(name)/updated_variance", updated["layer.running_var"]?.floats(), precision)
      #expect(try updated["layer.num_batches_tracked"]?.integers() == [1])
    }
  }

  @Test(arguments: Precision.computable, [false, true])
  func batchNormalizationInEvaluationUsesRunningStatistics(
    _ precision: Precision, relu: Bool
  ) throws {
    for name in cases(relu ? "batch-normalisation-relu" : "batch-normalisation") {
      let result = try OperationHarness(precision: precision).run(
        inputs: [tensor("\(name)/input")],
        parameters: [
          tensor("\(name)/scale", as: "layer.weight"), tensor("\(name)/shift", as: "layer.bias"),
        ],
        statistics: [
          tensor("\(name)/running_mean", as: "layer.running_mean"),
          tensor("\(name)/running_variance", as: "layer.running_var"),
        ],
        outputGradient: nil
      ) { try $0.batchNormalization($1[0], name: "layer", activation: relu ? .relu : nil) }
      try expectClose("\(name)/evaluation_output", result.output, precision)
    }
  }

  @Test(arguments: Precision.computable)
  func maximumPoolingMatchesPyTorch(_ precision: Precision) throws {
    let cases = cases("max-pooling")
    #expect(cases.count >= 3)
    for name in cases {
      let attributes = try attributes(name)
      let result = try OperationHarness(precision: precision).run(
        inputs: [tensor("\(name)/input")],
        outputGradient: goldens.floats("\(name)/output_gradient")
      ) {
        try $0.maximumPooling(
          $1[0], name: "layer", kernel: Int(attributes["kernel"] ?? 0),
          stride: Int(attributes["stride"] ?? 0), padding: Int(attributes["padding"] ?? 0))
      }
      try expectClose("\(name)/output", result.output, precision)
      try expectClose("\(name)/input_gradient", result.inputGradients[0], precision)
    }
  }

  @Test(arguments: Precision.computable)
  func globalAveragePoolingMatchesPyTorch(_ precision: Precision) throws {
    let cases = cases("global-average-pooling")
    #expect(cases.count >= 3)
    for name in cases {
      let result = try OperationHarness(precision: precision).run(
        inputs: [tensor("\(name)/input")],
        outputGradient: goldens.floats("\(name)/output_gradient")
      ) { try $0.globalAveragePooling($1[0], name: "layer") }
      try expectClose("\(name)/output", result.output, precision)
      try expectClose("\(name)/input_gradient", result.inputGradients[0], precision)
    }
  }

  @Test(arguments: Precision.computable)
  func linearMatchesPyTorch(_ precision: Precision) throws {
    let cases = cases("linear")
    #expect(cases.count >= 3)
    for name in cases {
      let bias = try tensor("\(name)/bias", as: "layer.bias")
      let result = try OperationHarness(precision: precision).run(
        inputs: [tensor("\(name)/input")],
        parameters: [tensor("\(name)/weight", as: "layer.weight"), bias],
        outputGradient: goldens.floats("\(name)/output_gradient")
      ) { try $0.linear($1[0], name: "layer", features: bias.shape[0]) }
      try expectClose("\(name)/output", result.output, precision)
      try expectClose("\(name)/input_gradient", result.inputGradients[0], precision)
      try expectClose(
        "\(name)/weight_gradient", result.parameterGradients["layer.weight"], precision)
      try expectClose("\(name)/bias_gradient", result.parameterGradients["layer.bias"], precision)
    }
  }

  @Test(arguments: Precision.computable)
  func additionReLUMatchesPyTorch(_ precision: Precision) throws {
    let cases = cases("addition-relu")
    #expect(cases.count >= 2)
    for name in cases {
      let result = try OperationHarness(precision: precision).run(
        inputs: [tensor("\(name)/left"), tensor("\(name)/right")],
        outputGradient: goldens.floats("\(name)/output_gradient")
      ) { try $0.additionReLU($1[0], $1[1], name: "layer") }
      try expectClose("\(name)/output", result.output, precision)
      try expectClose("\(name)/left_gradient", result.inputGradients[0], precision)
      try expectClose("\(name)/right_gradient", result.inputGradients[1], precision)
    }
  }
}
