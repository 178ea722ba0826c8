import CAllocationCounter
import TestSupport
import Testing

@testable import Nets

/// What several heads on one backbone need, against PyTorch.
@Suite(.serialized) struct HeadTests {
  let goldens: Goldens

  init() throws { goldens = try Goldens("losses") }

  private func expectClose(
    _ name: String, _ actual: [Float]?, _ precision: Precision,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let actual = try #require(actual, "\(name)", sourceLocation: sourceLocation)
    let tolerance = try #require(OperationTests.tolerances[precision])
    let comparison = Comparison(
      "\(name) \(precision)", actual, try goldens.floats(name), tolerance)
    #expect(comparison.passes, "\(comparison)", sourceLocation: sourceLocation)
  }

  @Test(arguments: Precision.computable)
  func normalizationMatchesPyTorch(_ precision: Precision) throws {
    let cases = goldens.cases(of: "normalization")
    #expect(cases.count == 4)
    for name in cases.map({ "normalization/\($0)" }) {
      let result = try OperationHarness(precision: precision).run(
        inputs: [goldens.tensor("\(name)/input")],
        outputGradient: goldens.floats("\(name)/output_gradient")
      ) { try $0.normalization($1[0], name: "layer") }
      try expectClose("\(name)/output", result.output, precision)
      // One number alone has no direction to change: 0, or the rounding of the input.
      if precision == .bf16, name.hasSuffix("/one") { continue }
      try expectClose("\(name)/input_gradient", result.inputGradients[0], precision)
    }
  }

  @Test(arguments: Precision.computable)
  func partsOfABatchMatchPyTorch(_ precision: Precision) throws {
    let features = try OperationHarness(precision: precision).run(
      inputs: [goldens.tensor("parts/features/input")],
      outputGradient: goldens.floats("parts/features/output_gradient")
    ) {
      let parts = try $0.parts(of: $1[0], rows: [0..<3, 2..<5], name: "parts")
      return try $0.additionReLU(parts[0], parts[1], name: "sum")
    }
    try expectClose("parts/features/output", features.output, precision)
    try expectClose("parts/features/input_gradient", features.inputGradients[0], precision)
    #expect(features.inputGradients[0].suffix(7).allSatisfy { $0 == 0 })

    var weight = try goldens.tensor("parts/images/weight")
    weight.name = "conv.weight"
    let images = try OperationHarness(precision: precision).run(
      inputs: [goldens.tensor("parts/images/input")], parameters: [weight],
      outputGradient: goldens.floats("parts/images/output_gradient")
    ) {
      let value = try $0.convolution($1[0], name: "conv", channels: 16, kernel: 1)
      let parts = try $0.parts(of: value, rows: [1..<3, 2..<4], name: "parts")
      return try $0.additionReLU(parts[0], parts[1], name: "sum")
    }
    try expectClose("parts/images/output", images.output, precision)
    try expectClose("parts/images/input_gradient", images.inputGradients[0], precision)
    try expectClose(
      "parts/images/weight_gradient", images.parameterGradients["conv.weight"], precision)
  }

  @Test func partsBeyondTheBatchAndEmptyOnesAreRefused() throws {
    let input = try Tensor(name: "", shape: [4, 1], floats: [1, 2, 3, 4])
    #expect {
      _ = try OperationHarness(precision: .f32).run(inputs: [input], outputGradient: nil) {
        try $0.parts(of: $1[0], rows: [2..<5], name: "parts")[0]
      }
    } throws: { "\($0)".contains("up to 5 of a batch of 4") }
    #expect {
      _ = try OperationHarness(precision: .f32).run(inputs: [input], outputGradient: nil) {
        try $0.parts(of: $1[0], rows: [1..<1], name: "parts")[0]
      }
    } throws: { "\($0)".contains("cannot cut") }
  }

  @Test func partsOfRowMajorValuesAreTheSameMemory() throws {
    var graph = Graph()
    let input = graph.input("x", .floats, shape: [3])
    let parts = try graph.parts(of: input, rows: [1..<3, 0..<4], name: "parts")
    graph.output("first", parts[0])
    graph.output("second", parts[1])
    let plan = try InferencePlan(
      graph: graph, batch: 4, precision: .f32, parameters: ParameterStore(inferenceFor: graph))
    let array = try plan.floats(input: "x")
    #expect(try plan.output("first").baseAddress == array.baseAddress.map { $0 + 3 })
    #expect(try plan.output("second").baseAddress == array.baseAddress)
    #expect(try plan.output("first").count == 6)
  }

  // MARK: - Two heads

  /// A trunk whose rows 0 ..< 6 are classified and whose rows 2 ..< 8 are two triplets.
  private func twoHeads(_ precision: Precision) throws -> TrainingPlan {
    try Engine.configure(threads: 1)
    var graph = Graph()
    let features = graph.input("features", .floats, shape: [12])
    let trunk = graph.activation(
      try graph.linear(features, name: "trunk", features: 10), name: "relu", .relu)
    let parts = try graph.parts(of: trunk, rows: [0..<6, 2..<8], name: "heads")
    let logits = try graph.linear(parts[0], name: "fc", features: 5)
    let embedding = try graph.expressionEmbedding(
      parts[1], ExpressionEmbedding(hidden: 6, dimensions: 4))
    graph.output("logits", logits)
    graph.output("embedding", embedding)
    try graph.crossEntropy(
      logits, labels: graph.input("labels", .integers, shape: [], rows: .fixed(6)),
      weights: graph.input("weights", .floats, shape: [], rows: .fixed(6)),
      name: "expression_loss", labelSmoothing: 0.1)
    try graph.tripletLoss(
      embedding, margins: graph.input("margins", .floats, shape: [], rows: .fixed(2)),
      weights: graph.input("triplet_weights", .floats, shape: [], rows: .fixed(2)),
      name: "embedding_loss", factor: 0.5)
    let plan = try TrainingPlan(
      graph: graph, microBatch: 8, precision: precision, gradientSlots: 2)
    let name = "two-heads/overlapping"
    try plan.parameters.load(
      goldens.tensors(under: "\(name)/weights"), into: plan.parameters.values, file: "golden")
    try plan.refreshWeights()
    for input in ["features", "weights", "margins", "triplet_weights"] {
      _ = try plan.floats(input: input).update(fromContentsOf: goldens.floats("\(name)/\(input)"))
    }
    _ = try plan.integers(input: "labels").update(
      fromContentsOf: goldens.tensor("\(name)/labels").integers().map(Int32.init))
    return plan
  }

  @Test func twoHeadsMatchPyTorchAndAreReportedByName() throws {
    let plan = try twoHeads(.f32)
    try plan.run(slot: 0)
    let metrics = plan.slotLayout.metrics
    #expect(
      metrics.map(\.name) == [
        "loss", "expression_loss", "embedding_loss", "accuracy", "triplet_accuracy",
      ])
    let results = try results(of: plan)
    #expect(results.count == 13)
    for (name, values) in results {
      try expectClose("two-heads/overlapping/\(name)", values, .f32)
    }
  }

  @Test(.needsBFloat16) func twoHeadsInBFloat16AreAsPreciseAsPyTorchsAutocast() throws {
    let plan = try twoHeads(.bf16)
    try plan.run(slot: 0)
    let errors = try goldens.attributes("two-heads", "overlapping")
    var ratios: [Double] = []
    for (name, values) in try results(of: plan) {
      let golden = "two-heads/overlapping/\(name)"
      // A scalar of PyTorch's may be exact by chance.
      guard values.count > 1 else {
        try expectClose(golden, values, .bf16)
        continue
      }
      let error = Comparison(name, values, try goldens.floats(golden), .exact).relativeError
      let theirs = try #require(errors[name.replacing("gradients/", with: "")])
      #expect(error <= 2 * NetworkComparison.allowedErrorRatio * theirs, "\(name)")
      ratios.append(error / theirs)
    }
    #expect(ratios.count == 10)
    let ratio = ratios.reduce(0, +) / Double(ratios.count)
    #expect(
      ratio <= NetworkComparison.allowedErrorRatio, "mean error is \(ratio) of PyTorch's autocast")
  }

  /// Losses, outputs and gradients, by their names among the goldens.
  private func results(of plan: TrainingPlan) throws -> [String: [Float]] {
    var results: [String: [Float]] = [:]
    for metric in plan.slotLayout.metrics.prefix(3) {
      results[metric.name] = [Float(metric.value(in: plan.slot(0)))]
    }
    for output in ["logits", "embedding"] { results[output] = Array(try plan.output(output)) }
    for (parameter, gradient) in try GoldenStep.gradients(of: plan) {
      results["gradients/\(parameter)"] = gradient.floats()
    }
    return results
  }

  /// What the tree adds up, it reports: means over the micro-batches, each with its own support.
  @Test func metricsOfSeveralMicroBatchesAreMeansOverThoseWithSupport() throws {
    let plan = try twoHeads(.f32)
    let names = plan.slotLayout.metrics.map(\.name)
    func values(_ slot: Int) -> [String: Double] {
      Dictionary(
        uniqueKeysWithValues: zip(
          names, plan.slotLayout.metrics.map { $0.value(in: plan.slot(slot)) }))
    }
    try plan.run(slot: 0)
    let first = values(0)
    try plan.floats(input: "triplet_weights").update(repeating: 0)
    try plan.run(slot: 1)
    let second = values(1)
    #expect(try #require(second["embedding_loss"]).isNaN)
    #expect(second["loss"] == second["expression_loss"])
    for index in plan.slot(0).indices { plan.slot(0)[index] += plan.slot(1)[index] }
    let both = values(0)
    #expect(both["embedding_loss"] == first["embedding_loss"])
    #expect(both["expression_loss"] == first["expression_loss"])
    let mean = (try #require(first["loss"]) + (try #require(second["loss"]))) / 2
    #expect(abs(try #require(both["loss"]) - mean) < 1e-6)
  }

  @Test(arguments: Precision.computable)
  func aStepWithSeveralLossesAllocatesNothing(_ precision: Precision) throws {
    let plan = try twoHeads(precision)
    try plan.run(slot: 0)
    aver_count_allocations_begin()
    try plan.refreshWeights()
    try plan.run(slot: 0)
    try plan.run(slot: 1)
    let allocations = aver_count_allocations_end()
    #expect(allocations == 0)
  }

  @Test func theEmbeddingHeadHasTheNamesOfASequential() throws {
    func names(_ head: ExpressionEmbedding) throws -> [String] {
      var graph = Graph()
      let features = graph.input("features", .floats, shape: [12])
      let embedding = try graph.expressionEmbedding(features, head)
      #expect(graph.shape(of: embedding) == [16])
      return graph.parameters.map(\.name)
    }
    #expect(
      try names(ExpressionEmbedding()) == [
        "embedding.0.weight", "embedding.0.bias", "embedding.2.weight", "embedding.2.bias",
      ])
    #expect(
      try names(ExpressionEmbedding(hidden: nil)) == ["embedding.0.weight", "embedding.0.bias"])
  }
}
