import CAllocationCounter
import TestSupport
import Testing

@testable import Nets

/// The fusion network against a PyTorch module of the same parameter names: one training step and
/// the predictions of inference.
@Suite(.serialized) struct FusionTests {
  /// float32, through normalisation, two recurrent layers and back.
  static let tolerance = Tolerance(absolute: 1e-5, relative: 1e-5)
  /// bfloat16: as far from the exact values as PyTorch's own autocast on average, and no tensor
  /// further than twice this factor, as for the residual networks.
  static let allowedErrorRatio = 1.5

  let goldens: Goldens

  init() throws { goldens = try Goldens("fusion") }

  private func cases() throws -> [GoldenOperation] {
    let cases = try GoldenOperation.all("fusion", in: goldens)
    try #require(cases.count == 2)
    return cases
  }

  private func network(_ golden: GoldenOperation) throws -> FusionNetwork {
    try FusionDescription(
      visualFeatures: golden.integer("visual_features"),
      audioFeatures: golden.integer("audio_features"), frames: golden.integer("frames"),
      width: golden.integer("width"), activation: golden.integer("tanh") == 1 ? .tanh : .relu,
      join: golden.integer("gated") == 1 ? .gatedSum : .concatenation,
      recurrent: RecurrentDescription(
        cell: golden.integer("lstm") == 1 ? .lstm : .gru, hidden: golden.integer("hidden"),
        layers: golden.integer("layers"),
        isBidirectional: golden.integer("bidirectional") == 1),
      isBounded: golden.integer("bounded") == 1
    ).network()
  }

  /// A plan with the mean squared error over valid frames, filled with the case's numbers.
  private func plan(_ golden: GoldenOperation, _ precision: Precision) throws -> TrainingPlan {
    try Engine.configure(threads: 1)
    var network = try network(golden)
    let frames = try golden.integer("frames")
    try network.graph.meanSquaredError(
      network.predictions, targets: network.graph.input("targets", .floats, shape: [frames, 2]),
      weights: network.graph.input("weights", .floats, shape: [frames]), name: "loss")
    let lengths = try golden.required("lengths").integers()
    let plan = try TrainingPlan(
      graph: network.graph, microBatch: lengths.count, precision: precision, gradientSlots: 1)
    try plan.parameters.loadModel(
      goldens.tensors(under: "fusion/\(golden.name)/weights"), file: "golden")
    try plan.refreshWeights()
    for name in ["visual", "audio", "targets"] {
      _ = try plan.floats(input: name).update(fromContentsOf: golden.floats(name))
    }
    _ = try plan.integers(input: "lengths").update(fromContentsOf: lengths.map(Int32.init))
    let weights = try plan.floats(input: "weights")
    for frame in weights.indices {
      weights[frame] = frame % frames < lengths[frame / frames] ? 1 : 0
    }
    return plan
  }

  @Test func trainingStepMatchesPyTorch() throws {
    for golden in try cases() {
      let plan = try plan(golden, .f32)
      try plan.run(slot: 0)
      try golden.expectStep(of: plan, Self.tolerance, outputs: ["predictions"])
    }
  }

  /// What the stage `fusion` trains: 1 − CCC and half the squared error over the known targets.
  private func stepPlan(_ golden: GoldenOperation) throws -> TrainingPlan {
    try Engine.configure(threads: 1)
    let (visual, audio) = try (
      golden.integer("visual_features"), golden.integer("audio_features")
    )
    let frames = try golden.integer("frames")
    var network = try FusionDescription(
      visualFeatures: visual > 0 ? visual : nil, audioFeatures: audio > 0 ? audio : nil,
      frames: frames, width: golden.integer("width"),
      recurrent: RecurrentDescription(
        cell: .gru, hidden: golden.integer("hidden"), isBidirectional: true)
    ).network()
    let targets = network.graph.input("targets", .floats, shape: [frames, 2])
    let weights = network.graph.input("weights", .floats, shape: [frames])
    try network.graph.concordanceLoss(
      network.predictions, targets: targets, weights: weights, name: "concordance")
    try network.graph.meanSquaredError(
      network.predictions, targets: targets, weights: weights, name: "error", factor: 0.5)
    let lengths = try golden.required("lengths").integers()
    let plan = try TrainingPlan(
      graph: network.graph, microBatch: lengths.count, precision: .f32, gradientSlots: 1)
    try plan.parameters.loadModel(
      goldens.tensors(under: "fusion_step/\(golden.name)/weights"), file: "golden")
    try plan.refreshWeights()
    for name in (visual > 0 ? ["visual"] : []) + (audio > 0 ? ["audio"] : []) + ["targets"] {
      _ = try plan.floats(input: name).update(fromContentsOf: golden.floats(name))
    }
    _ = try plan.integers(input: "lengths").update(fromContentsOf: lengths.map(Int32.init))
    try plan.floats(input: "weights").update(repeating: 1)
    return plan
  }

  @Test func stepsOfBothModalitiesAndOfOneMatchPyTorch() throws {
    let cases = try GoldenOperation.all("fusion_step", in: goldens)
    #expect(cases.map(\.name) == ["audio", "both", "visual"])
    for golden in cases {
      let plan = try stepPlan(golden)
      try plan.run(slot: 0)
      try golden.expectStep(of: plan, Self.tolerance)
    }
  }

  @Test(.needsBFloat16) func bf16IsAsPreciseAsPyTorchsAutocast() throws {
    for golden in try cases() {
      let plan = try plan(golden, .bf16)
      try plan.run(slot: 0)
      var ratios: [Double] = []
      func compare(_ name: String, _ actual: [Float], _ exact: [Float]) throws {
        let theirs = try #require(golden.attributes["bf16_error/\(name)"])
        let error = Comparison(name, actual, exact, .exact).relativeError
        #expect(error <= 2 * Self.allowedErrorRatio * theirs, "\(name): \(error / theirs)")
        ratios.append(error / theirs)
      }
      try compare("predictions", Array(plan.output("predictions")), golden.floats("predictions"))
      let gradients = try GoldenStep.gradients(of: plan)
      for gradient in try goldens.tensors(under: "fusion/\(golden.name)/gradients") {
        let actual = try #require(gradients[gradient.name])
        try compare(gradient.name, actual.floats(), gradient.floats())
      }
      #expect(ratios.count == gradients.count + 1)
      let mean = ratios.reduce(0, +) / Double(ratios.count)
      #expect(mean <= Self.allowedErrorRatio, "mean error is \(mean) of PyTorch's autocast")
    }
  }

  @Test(arguments: Precision.computable)
  func inferenceGivesTheBitsOfTraining(_ precision: Precision) throws {
    for golden in try cases() {
      let training = try plan(golden, precision)
      try training.run(slot: 0)
      let inference = try InferencePlan(
        graph: network(golden).graph, batch: training.microBatch, precision: precision,
        parameters: training.parameters)
      for name in ["visual", "audio"] {
        _ = try inference.floats(input: name).update(fromContentsOf: golden.floats(name))
      }
      _ = try inference.integers(input: "lengths").update(
        fromContentsOf: training.integers(input: "lengths"))
      try inference.run()
      let predictions = try training.output("predictions").map(\.bitPattern)
      #expect(try inference.output("predictions").map(\.bitPattern) == predictions)
    }
  }

  @Test func parametersAreThoseOfThePyTorchModule() throws {
    for golden in try cases() {
      let network = try network(golden)
      let ours = network.graph.parameters.map { "\($0.name) \($0.shape)" }.sorted()
      let theirs = try goldens.tensors(under: "fusion/\(golden.name)/weights")
        .map { "\($0.name) \($0.shape)" }.sorted()
      #expect(ours == theirs)
    }
  }

  @Test(arguments: Precision.computable)
  func whatPadsASequenceDoesNotMatter(_ precision: Precision) throws {
    for golden in try cases() {
      let plan = try plan(golden, precision)
      try plan.run(slot: 0)
      let gradients = plan.slot(0).map(\.bitPattern)
      let predictions = try plan.output("predictions").map(\.bitPattern)
      let frames = try golden.integer("frames")
      let lengths = try plan.integers(input: "lengths")
      for input in [try plan.floats(input: "visual"), try plan.floats(input: "audio")] {
        let features = input.count / (frames * lengths.count)
        for index in input.indices {
          let sample = index / (features * frames)
          if index / features % frames >= Int(lengths[sample]) { input[index] = .nan }
        }
      }
      try plan.run(slot: 0)
      #expect(plan.slot(0).map(\.bitPattern) == gradients)
      #expect(try plan.output("predictions").map(\.bitPattern) == predictions)
    }
  }

  @Test(arguments: Precision.computable)
  func aStepAllocatesNothingOfOurs(_ precision: Precision) throws {
    for golden in try cases() {
      let plan = try plan(golden, precision)
      try plan.run(slot: 0)  // the first call of each kernel may set things up
      aver_count_allocations_begin()
      try plan.refreshWeights()
      try plan.run(slot: 0)
      let allocations = aver_count_allocations_end()
      #expect(allocations == 0)
    }
  }

  @Test func dropoutStandsBeforeEachRecurrentLayer() throws {
    let network = try FusionDescription(
      visualFeatures: 5, audioFeatures: 3, frames: 4, width: 6, dropout: 0.5,
      recurrent: RecurrentDescription(cell: .gru, hidden: 7, layers: 2, dropout: 0.25)
    ).network()
    let dropouts = network.graph.operations.compactMap { $0 as? Dropout }
    #expect(dropouts.map(\.name) == ["join.dropout", "recurrent.l1.dropout"])
    #expect(dropouts.map(\.probability) == [0.5, 0.25])
  }

  @Test func sizesThatMeanNothingAreRefused() {
    #expect {
      _ = try FusionDescription(
        visualFeatures: 5, audioFeatures: 0, frames: 4, width: 6,
        recurrent: RecurrentDescription(cell: .gru, hidden: 7)
      ).network()
    } throws: {
      "\($0)".contains("fusion network")
    }
  }
}
