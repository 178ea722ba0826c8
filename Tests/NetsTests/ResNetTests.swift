import TestSupport
import Testing

@testable import Nets

/// Whole training steps of residual networks against PyTorch: logits, loss, every gradient, updated
/// running statistics, and logits in evaluation.
@Suite(.serialized) struct ResNetTests {
  /// float32 gradients: PyTorch itself is up to 2e-6 off in norm; single elements more.
  static let tolerance = Tolerance(absolute: 2e-4, relative: 1e-4)
  /// ResNet-50 at full width has 11 million ReLUs a batch: some arguments lie within a rounding of
  /// zero, and where one of the last stages falls on the other side, a whole gradient entry appears
  /// or disappears and spreads to every layer before. ‖ours − exact‖ / ‖exact‖ stays this small; its
  /// blocks are held to `tolerance` in the narrow network.
  static let deepRelativeError = 1e-2
  /// bfloat16: as far from the exact gradient as PyTorch's own autocast, within this factor.
  static let allowedErrorRatio = 1.5
  /// bfloat16, element by element: 99 % are within this many times the root mean square of PyTorch's
  /// error in the tensor. The errors have a long tail, theirs as ours: an entry that hangs on a
  /// flipped ReLU is off by all of itself.
  static let allowedElementError = 8.0

  @Test(arguments: ["resnet-basic", "resnet-bottleneck"])
  func trainingStepMatchesPyTorch(_ name: String) throws {
    try expectTrainingStepMatches(Goldens(name))
  }

  @Test(arguments: ["resnet-basic", "resnet-bottleneck"])
  func evaluationMatchesPyTorch(_ name: String) throws {
    try expectEvaluationMatches(Goldens(name))
  }

  @Test(arguments: ["resnet-basic", "resnet-bottleneck"])
  func bf16IsAsPreciseAsPyTorchsAutocast(_ name: String) throws {
    try expectBFloat16StepIsPrecise(Goldens(name))
  }

  @Test(
    .enabled(if: try Goldens.full("resnet18") != nil, "AVER_FULL_GOLDENS is not set"),
    arguments: ["resnet18", "resnet50"])
  func fullNetworkMatchesPyTorch(_ name: String) throws {
    let goldens = try #require(try Goldens.full(name))
    if name == "resnet18" {
      try expectTrainingStepMatches(goldens)
    } else {
      try expectGradientsAreNear(goldens)
    }
    try expectEvaluationMatches(goldens)
    try expectBFloat16StepIsPrecise(goldens)
  }

  // MARK: - Steps

  private func expectTrainingStepMatches(_ goldens: Goldens) throws {
    let plan = try GoldenStep.run(goldens, precision: .f32)
    let mean = plan.slotLayout.metrics[0].value(in: plan.slot(0))
    let loss = Float(mean) * (try GoldenStep.lossScale(goldens))
    expect(
      Comparison("loss", [loss], try goldens.floats("output/loss"), Self.tolerance))
    expect(
      Comparison(
        "logits", Array(try plan.output("logits")), try goldens.floats("output/logits"),
        Self.tolerance))
    let gradients = try GoldenStep.gradients(of: plan)
    let expected = try goldens.tensors(under: "gradients")
    #expect(gradients.count == expected.count)
    for gradient in expected {
      let actual = try #require(gradients[gradient.name])
      expect(Comparison(actual, gradient, Self.tolerance))
    }
    try expectUpdatedStatistics(of: plan, goldens)
  }

  private func expectGradientsAreNear(_ goldens: Goldens) throws {
    let plan = try GoldenStep.run(goldens, precision: .f32)
    let gradients = try GoldenStep.gradients(of: plan)
    for gradient in try goldens.tensors(under: "gradients") {
      let actual = try #require(gradients[gradient.name])
      let error = Comparison(actual, gradient, .exact).relativeError
      #expect(error <= Self.deepRelativeError, "\(gradient.name): \(error)")
    }
    try expectUpdatedStatistics(of: plan, goldens)
  }

  private func expectUpdatedStatistics(of plan: TrainingPlan, _ goldens: Goldens) throws {
    GoldenStep.updateStatistics(of: plan)
    let model = Dictionary(
      uniqueKeysWithValues: try plan.parameters.modelTensors().map { ($0.name, $0) })
    let expected = try goldens.tensors(under: "updated")
    #expect(!expected.isEmpty)
    for statistics in expected where statistics.type == .f32 {
      expect(Comparison(try #require(model[statistics.name]), statistics, Self.tolerance))
    }
  }

  private func expectEvaluationMatches(_ goldens: Goldens) throws {
    let training = try GoldenStep.run(goldens, precision: .f32)
    GoldenStep.updateStatistics(of: training)
    let network = try GoldenStep.network(goldens)
    let plan = try InferencePlan(
      graph: network.graph, batch: training.microBatch, precision: .f32,
      parameters: training.parameters)
    _ = try plan.floats(input: "images").update(fromContentsOf: goldens.floats("input/images"))
    try plan.run()
    expect(
      Comparison(
        "evaluation logits", Array(try plan.output("logits")),
        try goldens.floats("output/eval_logits"),
        Self.tolerance))

    // A store made for inference only, as evaluation of a stored run uses it, gives the same.
    let store = try ParameterStore(inferenceFor: network.graph)
    try store.loadModel(training.parameters.modelTensors(), file: "copy")
    let other = try InferencePlan(
      graph: network.graph, batch: training.microBatch, precision: .f32, parameters: store)
    _ = try other.floats(input: "images").update(fromContentsOf: goldens.floats("input/images"))
    try other.run()
    #expect(try Array(other.output("logits")) == Array(plan.output("logits")))
  }

  private func expectBFloat16StepIsPrecise(_ goldens: Goldens) throws {
    let plan = try GoldenStep.run(goldens, precision: .bf16)
    let gradients = try GoldenStep.gradients(of: plan)
    let expected = try goldens.tensors(under: "gradients")
    #expect(gradients.count == expected.count)
    var ratios = 0.0
    for gradient in expected {
      let actual = try #require(gradients[gradient.name])
      let theirs = try #require(
        goldens.metadata["bf16_error/\(gradient.name)"].flatMap(Double.init))
      let error = Comparison(actual, gradient, .exact).relativeError
      ratios += error / theirs
      // One tensor may be unlucky: a flipped ReLU is a whole entry.
      #expect(error <= 2 * Self.allowedErrorRatio * theirs, "\(gradient.name)")
      let elements = Comparison(
        actual, gradient, Tolerance(absolute: Self.allowedElementError * theirs, relative: 0))
      #expect(elements.failures * 100 <= elements.count, "\(elements)")
    }
    let ratio = ratios / Double(expected.count)
    #expect(ratio <= Self.allowedErrorRatio, "mean error is \(ratio) of PyTorch's autocast")
  }

  private func expect(
    _ comparison: Comparison, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(comparison.passes, "\(comparison)", sourceLocation: sourceLocation)
  }
}

/// One training step on a golden's weights and inputs.
enum GoldenStep {
  static func network(_ goldens: Goldens) throws -> Network {
    func integers(_ key: String) throws -> [Int] {
      try #require(goldens.metadata[key]).split(separator: ",").compactMap { Int($0) }
    }
    let block: ResNet.Block = goldens.metadata["block"] == "basic" ? .basic : .bottleneck
    return try ResNet(block: block, depths: integers("layers"), widths: integers("widths"))
      .network(classes: integers("classes")[0], imageSize: integers("image_size")[0])
  }

  static func run(_ goldens: Goldens, precision: Precision) throws -> TrainingPlan {
    try Engine.configure(threads: 1)
    let labels = try goldens.tensor("input/labels").integers()
    var network = try network(goldens)
    try network.addClassificationLoss()
    let plan = try TrainingPlan(
      graph: network.graph, microBatch: labels.count, precision: precision,
      gradientSlots: 1)
    try plan.parameters.loadModel(goldens.tensors(under: "weights"), file: "golden")
    try plan.refreshWeights()
    let arrays = try ClassifierArrays(plan)
    _ = arrays.images.update(fromContentsOf: try goldens.floats("input/images"))
    _ = arrays.labels.update(fromContentsOf: labels.map(Int32.init))
    _ = arrays.weights.update(fromContentsOf: try goldens.floats("input/weights"))
    try plan.run(slot: 0, lossScale: lossScale(goldens))
    return plan
  }

  /// Goldens divide the weighted loss by the number of samples, plans by the sum of the weights.
  static func lossScale(_ goldens: Goldens) throws -> Float {
    let weights = try goldens.floats("input/weights")
    return weights.reduce(0, +) / Float(weights.count)
  }

  static func gradients(of plan: TrainingPlan) throws -> [String: Tensor] {
    let slot = UnsafeBufferPointer(plan.slot(0))
    let flat = UnsafeBufferPointer(rebasing: slot[plan.slotLayout.gradients])
    return Dictionary(
      uniqueKeysWithValues: try plan.parameters.tensors(of: flat).map { ($0.name, $0) })
  }

  static func updateStatistics(of plan: TrainingPlan) {
    let slot = UnsafeBufferPointer(plan.slot(0))
    plan.parameters.updateRunningStatistics(
      from: UnsafeBufferPointer(rebasing: slot[plan.slotLayout.statistics]),
      microBatch: plan.microBatch)
  }
}
