import TestSupport
import Testing

@testable import Nets

/// Holds a whole training step of a network, and its evaluation after it, to a golden file.
struct NetworkComparison {
  /// float32 gradients: PyTorch itself is up to 2e-6 off in norm; single elements more.
  static let tolerance = Tolerance(absolute: 2e-4, relative: 1e-4)
  /// A ResNet at full width has millions of ReLUs a batch: some arguments lie within a rounding of
  /// zero, and where one of the last stages falls on the other side, a whole gradient entry appears
  /// or disappears and spreads to every layer before. ‖ours − exact‖ / ‖exact‖ stays this small; its
  /// blocks are held to `tolerance` in the narrow network.
  static let deepRelativeError = 1e-2
  /// Where the exact gradient is zero: how many times as far from it as PyTorch.
  static let allowedZeroRatio = 10.0
  /// As far from the exact gradient as PyTorch's own autocast, or its float32 in a deep network, within
  /// this factor.
  static let allowedErrorRatio = 1.5
  /// bfloat16, element by element: 99 % are within this many times the root mean square of PyTorch's
  /// error in the tensor. The errors have a long tail, theirs as ours: an entry that hangs on a
  /// flipped ReLU is off by all of itself.
  static let allowedElementError = 8.0

  let goldens: Goldens
  /// Of a ResNet.
  let stochasticDepth: Float

  init(_ goldens: Goldens, stochasticDepth: Float = 0) {
    self.goldens = goldens
    self.stochasticDepth = stochasticDepth
  }

  func expectTrainingStepMatches() throws {
    let plan = try GoldenStep.run(goldens, precision: .f32, stochasticDepth: stochasticDepth)
    try expectLossAndLogits(of: plan)
    let gradients = try GoldenStep.gradients(of: plan)
    let expected = try goldens.tensors(under: "gradients")
    #expect(gradients.count == expected.count)
    for gradient in expected {
      let actual = try #require(gradients[gradient.name])
      if isZero(gradient) {
        try expectNearlyZero(actual, gradient)
      } else {
        expect(Comparison(actual, gradient, Self.tolerance))
      }
    }
    try expectUpdatedStatistics(of: plan)
  }

  /// A shift that nothing but a 1×1 convolution and the next normalisation reads has no effect: what
  /// float64 leaves of its gradient is rounding.
  private func isZero(_ gradient: Tensor) -> Bool {
    gradient.floats().allSatisfy { abs($0) < 1e-12 }
  }

  /// As near to zero as PyTorch's float32.
  private func expectNearlyZero(_ actual: Tensor, _ gradient: Tensor) throws {
    let theirs = try #require(
      goldens.metadata["f32_error/\(gradient.name)"].flatMap(Double.init))
    let error = Comparison(actual, gradient, .exact).relativeError
    #expect(error <= Self.allowedZeroRatio * theirs, "\(gradient.name): \(error), \(theirs)")
  }

  private func expectLossAndLogits(of plan: TrainingPlan) throws {
    let mean = plan.slotLayout.metrics[0].value(in: plan.slot(0))
    let loss = Float(mean) * (try GoldenStep.lossScale(goldens))
    expect(
      Comparison("loss", [loss], try goldens.floats("output/loss"), Self.tolerance))
    expect(
      Comparison(
        "logits", Array(try plan.output("logits")), try goldens.floats("output/logits"),
        Self.tolerance))
  }

  /// For networks so deep that a rounding shows in the gradients, though not in the logits.
  func expectGradientsAreNear(within relativeError: Double = deepRelativeError) throws {
    let plan = try GoldenStep.run(goldens, precision: .f32)
    try expectLossAndLogits(of: plan)
    let gradients = try GoldenStep.gradients(of: plan)
    for gradient in try goldens.tensors(under: "gradients") {
      let actual = try #require(gradients[gradient.name])
      let error = Comparison(actual, gradient, .exact).relativeError
      // What flips in PyTorch's float32 may flip in ours.
      let theirs = goldens.metadata["f32_error/\(gradient.name)"].flatMap(Double.init) ?? 0
      #expect(
        error <= max(relativeError, Self.allowedErrorRatio * theirs),
        "\(gradient.name): \(error), \(theirs)")
    }
    try expectUpdatedStatistics(of: plan)
  }

  private func expectUpdatedStatistics(of plan: TrainingPlan) throws {
    GoldenStep.updateStatistics(of: plan)
    let model = Dictionary(
      uniqueKeysWithValues: try plan.parameters.modelTensors().map { ($0.name, $0) })
    let expected = try goldens.tensors(under: "updated")
      .filter { $0.type == .f32 }
    #expect(expected.count == model.keys.filter { $0.contains(".running_") }.count)
    for statistics in expected {
      expect(Comparison(try #require(model[statistics.name]), statistics, Self.tolerance))
    }
  }

  func expectEvaluationMatches() throws {
    let training = try GoldenStep.run(goldens, precision: .f32)
    GoldenStep.updateStatistics(of: training)
    let network = try GoldenStep.network(goldens)
    let logits = try evaluationLogits(after: training, precision: .f32)
    expect(
      Comparison(
        "evaluation logits", logits, try goldens.floats("output/eval_logits"), Self.tolerance))

    // A store made for inference only, as evaluation of a stored run uses it, gives the same.
    let store = try ParameterStore(inferenceFor: network.graph)
    try store.loadModel(training.parameters.modelTensors(), file: "copy")
    let other = try InferencePlan(
      graph: network.graph, batch: training.microBatch, precision: .f32, parameters: store)
    let images = try GoldenStep.images(of: network)
    _ = try other.floats(input: images).update(fromContentsOf: goldens.floats("input/images"))
    try other.run()
    #expect(try Array(other.output("logits")) == logits)
  }

  func expectBFloat16StepIsPrecise() throws {
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
    try expectBFloat16ResultsArePrecise(plan)
  }

  /// Loss, logits, statistics and the evaluation after the step: PyTorch's error in the logits is
  /// the measure of all of them.
  private func expectBFloat16ResultsArePrecise(_ plan: TrainingPlan) throws {
    let theirs = try #require(goldens.metadata["bf16_error/logits"].flatMap(Double.init))
    func expectNear(_ name: String, _ actual: [Float], _ exact: [Float]) {
      let error = Comparison(name, actual, exact, .exact).relativeError
      #expect(error <= 2 * Self.allowedErrorRatio * theirs, "\(name): \(error), \(theirs)")
    }
    let mean = plan.slotLayout.metrics[0].value(in: plan.slot(0))
    expectNear(
      "loss", [Float(mean) * (try GoldenStep.lossScale(goldens))],
      try goldens.floats("output/loss"))
    expectNear(
      "logits", Array(try plan.output("logits")), try goldens.floats("output/logits"))
    GoldenStep.updateStatistics(of: plan)
    let model = Dictionary(
      uniqueKeysWithValues: try plan.parameters.modelTensors().map { ($0.name, $0) })
    for statistics in try goldens.tensors(under: "updated") where statistics.type == .f32 {
      let own = try #require(model[statistics.name])
      expectNear(statistics.name, own.floats(), statistics.floats())
    }
    expectNear(
      "evaluation logits", try evaluationLogits(after: plan, precision: .bf16),
      try goldens.floats("output/eval_logits"))
  }

  /// By the weights and running statistics that `training` has.
  private func evaluationLogits(
    after training: TrainingPlan, precision: Precision
  ) throws -> [Float] {
    let network = try GoldenStep.network(goldens)
    let plan = try InferencePlan(
      graph: network.graph, batch: training.microBatch, precision: precision,
      parameters: training.parameters)
    let images = try GoldenStep.images(of: network)
    _ = try plan.floats(input: images).update(fromContentsOf: goldens.floats("input/images"))
    try plan.run()
    return Array(try plan.output("logits"))
  }

  private func expect(
    _ comparison: Comparison, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(comparison.passes, "\(comparison)", sourceLocation: sourceLocation)
  }
}
