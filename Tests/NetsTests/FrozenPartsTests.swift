import TestSupport
import Testing

@testable import Nets

/// Networks of which parts are frozen against PyTorch modules after `requires_grad_(False)` and `eval()`.
@Suite(.serialized) struct FrozenPartsTests {
  /// What is frozen before all that learns; between what learns; single layers, one parameter of a
  /// normalisation, and the end.
  static let cases = ["prefix", "middle", "mixed"]

  private let goldens: Goldens

  init() throws { goldens = try Goldens("resnet-frozen") }

  private func parts(_ name: String) throws -> [String] {
    try #require(goldens.metadata["\(name)/frozen"]).split(separator: ",").map(String.init)
  }

  private func plan(
    freezing parts: [String], _ precision: Precision = .f32, slots: Int = 1
  ) throws -> TrainingPlan {
    try GoldenStep.run(goldens, precision: precision, freezing: parts, gradientSlots: slots)
  }

  @Test(arguments: cases)
  func aStepMatchesPyTorch(_ name: String) throws {
    let plan = try plan(freezing: parts(name))
    expect("logits", Array(try plan.output("logits")), try goldens.floats("\(name)/output/logits"))
    let loss = Float(plan.slotLayout.metrics[0].value(in: plan.slot(0)))
    expect(
      "loss", [loss * (try GoldenStep.lossScale(goldens))],
      try goldens.floats("\(name)/output/loss"))
    let gradients = try GoldenStep.gradients(of: plan)
    let expected = try goldens.tensors(under: "\(name)/gradients")
    #expect(Set(gradients.keys) == Set(expected.map(\.name)))
    for gradient in expected {
      let actual = try #require(gradients[gradient.name])
      let comparison = Comparison(actual, gradient, NetworkComparison.tolerance)
      #expect(comparison.passes, "\(comparison)")
    }
  }

  @Test(arguments: cases)
  func onlyTheStatisticsOfWhatLearnsGoOn(_ name: String) throws {
    let plan = try plan(freezing: parts(name))
    let before = try tensors(of: plan)
    GoldenStep.updateStatistics(of: plan)
    let after = try tensors(of: plan)
    var moved = 0
    for expected in try goldens.tensors(under: "\(name)/updated") {
      let actual = try #require(after[expected.name])
      let original = try goldens.tensor("weights/\(expected.name)")
      if expected == original.renamed(expected.name) {
        #expect(actual == before[expected.name], "\(expected.name)")
      } else if expected.type == .f32 {
        moved += 1
        expect(expected.name, actual.floats(), expected.floats())
      } else {
        #expect(actual == expected, "\(expected.name)")
      }
    }
    #expect(moved > 0)
  }

  @Test(.needsBFloat16, arguments: cases)
  func bf16IsAsPreciseAsPyTorchsAutocast(_ name: String) throws {
    let gradients = try GoldenStep.gradients(of: plan(freezing: parts(name), .bf16))
    let expected = try goldens.tensors(under: "\(name)/gradients")
    #expect(gradients.count == expected.count)
    for gradient in expected {
      let actual = try #require(gradients[gradient.name])
      let theirs = try #require(
        goldens.metadata["\(name)/bf16_error/\(gradient.name)"].flatMap(Double.init))
      let error = Comparison(actual, gradient, .exact).relativeError
      #expect(
        error <= 2 * NetworkComparison.allowedErrorRatio * theirs,
        "\(gradient.name): \(error), \(theirs)")
    }
  }

  @Test(arguments: Precision.computable, OperationHarness.InputLayout.allCases)
  func normalizationByRunningStatisticsPassesItsGradientOn(
    _ precision: Precision, _ layout: OperationHarness.InputLayout
  ) throws {
    for activation in [nil, .relu, .silu] as [ActivationFunction?] {
      let operation = "frozen-normalisation" + (activation.map { "-\($0.rawValue)" } ?? "")
      let cases = try GoldenOperation.all(operation, in: Goldens("frozen"))
      #expect(cases.count == 4)
      for golden in cases {
        let names = (0..<(try golden.integer("inputs"))).map { "input\($0)" }
        let result = try OperationHarness(precision: precision, layout: layout).run(
          inputs: names.map { try golden.required($0) },
          parameters: [
            golden.required("scale", as: "layer.weight"),
            golden.required("shift", as: "layer.bias"),
          ],
          statistics: [
            golden.required("running_mean", as: "layer.running_mean"),
            golden.required("running_variance", as: "layer.running_var"),
          ],
          outputGradient: golden.floats("output_gradient")
        ) { graph, inputs in
          let result = try graph.batchNormalization(
            concatenating: inputs, name: "layer", activation: activation)
          graph.freeze { $0.hasPrefix("layer") }
          return result
        }
        try golden.expectClose("output", result.output, precision)
        for (name, gradient) in zip(names, result.inputGradients) {
          try golden.expectClose("\(name)_gradient", gradient, precision)
        }
        #expect(result.parameterGradients.isEmpty && result.batchStatistics.isEmpty)
      }
    }
  }

  // MARK: - What it costs

  @Test func aFrozenBackboneCostsItsForwardPass() throws {
    let model = ModelDescription(name: .resnet18, classes: 8, imageSize: 64)
    func plan(freezing isFrozen: (String) -> Bool) throws -> TrainingPlan {
      var network = try model.network()
      try network.addClassificationLoss()
      network.graph.freeze(where: isFrozen)
      return try TrainingPlan(
        graph: network.graph, microBatch: 2, precision: .f32, gradientSlots: 1)
    }
    let whole = try plan { _ in false }
    let head = try plan { !$0.hasPrefix("fc") }
    let inference = try InferencePlan(
      model: model, batch: 2, precision: .f32, parameters: head.parameters)
    // The head's product, of which the input needs no gradient.
    #expect(head.backwardCount == 1)
    #expect(whole.backwardCount > 60)
    // The loss, and what the arguments of the two passes are moved to.
    let forward = try head.profile(slot: 0, repetitions: 1).count - head.backwardCount
    #expect(forward <= (try inference.profile(repetitions: 1).count) + 2)
    // 8 · 512 weights, 8 biases and 4 sums.
    #expect(head.slotLayout.gradients.count == 8 * 512 + 16)
    #expect(head.slotLayout.statistics.isEmpty)
    #expect(head.slotLayout.count == 8 * 512 + 16 + head.slotLayout.sums.count)
    #expect(whole.slotLayout.gradients.count > 11_000_000)
    #expect(head.arenaBytes < whole.arenaBytes / 2)
    #expect(head.buckets(capacityBytes: 1, lastBytes: 1).ranges.count == 2)
  }

  @Test func gradientsEndWhereNothingLearnsBefore() throws {
    let prefix = try plan(freezing: parts("prefix"))
    let middle = try plan(freezing: parts("middle"))
    let none = try plan(freezing: [])
    #expect(prefix.backwardCount < middle.backwardCount)
    #expect(middle.backwardCount < none.backwardCount)
    func layers(_ plan: TrainingPlan) throws -> Set<String> {
      Set(try plan.profile(slot: 0, repetitions: 1).suffix(plan.backwardCount).map(\.layer))
    }
    #expect(
      try layers(prefix).isSubset(of: layers(none).filter { !$0.hasPrefix("layer3") }))
    #expect(try layers(middle).contains("layer3.0.conv1"))
    func weightsGradients(_ plan: TrainingPlan) throws -> Int {
      try plan.profile(slot: 0, repetitions: 1).count {
        $0.layer.hasPrefix("layer3") && $0.operation.contains("BackwardWeights")
      }
    }
    #expect(try weightsGradients(none) == 3)
    #expect(try weightsGradients(middle) == 0)
  }

  // MARK: - What is switched off

  /// A network that drops much, and whose every draw shows in its logits.
  private func logits(freezing parts: [String], step: Int) throws -> [Float] {
    var network = try ResNet(
      block: .basic, depths: [1, 1], widths: [16, 32], dropout: 0.5, stochasticDepth: 0.5
    ).network(classes: 8, imageSize: 32)
    try network.addClassificationLoss()
    network.graph.freeze { name in parts.contains { name == $0 || name.hasPrefix("\($0).") } }
    let plan = try TrainingPlan(
      graph: network.graph, microBatch: 8, precision: .f32, gradientSlots: 1)
    try plan.parameters.initialize(seed: 1)
    try plan.refreshWeights()
    let images = try plan.floats(input: "images")
    for index in images.indices { images[index] = Float((index * 7919) % 1009) / 504 - 1 }
    try plan.run(slot: 0, draw: MicroBatchDraw(seed: 1, step: step, microBatch: 0))
    return Array(try plan.output("logits"))
  }

  @Test func whatIsFrozenDropsNothing() throws {
    func isRandom(_ parts: [String]) throws -> Bool {
      try logits(freezing: parts, step: 0) != logits(freezing: parts, step: 1)
    }
    let all = ["conv1", "bn1", "layer1", "layer2"]
    #expect(try isRandom([]))
    // The dropout in front of the head is the head's.
    #expect(try isRandom(all))
    #expect(try isRandom(["fc"]))
    #expect(try !isRandom(all + ["fc.dropout"]))
    // A branch that is dropped before all that learns: its block is not frozen as a whole.
    let layers = ["conv1", "conv2", "bn1", "bn2", "downsample"].map { "layer2.0.\($0)" }
    #expect(try isRandom(["conv1", "bn1", "layer1", "fc.dropout"] + layers))
  }

  // MARK: - What is kept

  @Test func frozenParametersComeLastAndOptimizersDoNotSeeThem() throws {
    let parameters = try plan(freezing: parts("mixed")).parameters
    let firstFrozen = try #require(parameters.parameters.firstIndex { $0.isFrozen })
    #expect(parameters.parameters[firstFrozen...].allSatisfy { $0.isFrozen })
    #expect(parameters.trainedCount == parameters.parameters[firstFrozen].range.lowerBound)
    let trained = UnsafeBufferPointer(rebasing: parameters.values[..<parameters.trainedCount])
    let names = try parameters.tensors(of: trained).map(\.name)
    #expect(names == parameters.parametersFromInput.filter { !$0.isFrozen }.map(\.name))
    #expect(!names.contains("fc.weight") && names.contains("layer4.0.bn1.bias"))
  }

  @Test func aModelOfFrozenPartsIsTheSameFile() throws {
    let frozen = try plan(freezing: parts("mixed")).parameters
    let plain = try plan(freezing: []).parameters
    #expect(try frozen.modelTensors() == plain.modelTensors())
    let copy = try ParameterStore(copying: frozen)
    #expect(try copy.modelTensors() == plain.modelTensors())
    let other = try plan(freezing: parts("prefix")).parameters
    try other.loadModel(frozen.modelTensors(), file: "copy")
    #expect(try other.modelTensors() == plain.modelTensors())
  }

  @Test(arguments: Precision.computable)
  func everySlotReceivesTheSameBits(_ precision: Precision) throws {
    let plan = try plan(freezing: parts("middle"), precision, slots: 2)
    try plan.run(slot: 1, lossScale: GoldenStep.lossScale(goldens))
    #expect(plan.slot(0).map(\.bitPattern) == plan.slot(1).map(\.bitPattern))
  }

  /// After an update only trained weights are copied; frozen ones are after a model was loaded.
  @Test(arguments: cases)
  func anUpdateRefreshesWhatIsTrained(_ name: String) throws {
    let (first, second) = (try plan(freezing: parts(name)), try plan(freezing: parts(name)))
    for plan in [first, second] {
      for index in 0..<plan.parameters.trainedCount { plan.parameters.values[index] *= 0.5 }
    }
    try first.refreshWeights()
    try second.refreshTrainedWeights()
    for plan in [first, second] { try plan.run(slot: 0) }
    #expect(first.slot(0).map(\.bitPattern) == second.slot(0).map(\.bitPattern))
  }

  private func tensors(of plan: TrainingPlan) throws -> [String: Tensor] {
    Dictionary(
      uniqueKeysWithValues: try plan.parameters.modelTensors().map { ($0.name, $0) })
  }

  private func expect(
    _ name: String, _ actual: [Float], _ expected: [Float],
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let comparison = Comparison(name, actual, expected, NetworkComparison.tolerance)
    #expect(comparison.passes, "\(comparison)", sourceLocation: sourceLocation)
  }
}
