import CAllocationCounter
import TestSupport
import Testing

@testable import Nets

/// Whole training steps of EfficientNets against PyTorch, and their structure.
@Suite(.serialized) struct EfficientNetTests {
  @Test func trainingStepMatchesPyTorch() throws {
    try NetworkComparison(Goldens("efficientnet-narrow")).expectTrainingStepMatches()
  }

  @Test func evaluationMatchesPyTorch() throws {
    try NetworkComparison(Goldens("efficientnet-narrow")).expectEvaluationMatches()
  }

  @Test(.needsBFloat16) func bf16IsAsPreciseAsPyTorchsAutocast() throws {
    try NetworkComparison(Goldens("efficientnet-narrow")).expectBFloat16StepIsPrecise()
  }

  @Test(
    .enabled(if: try Goldens.full("efficientnet_b0") != nil, "AVER_FULL_GOLDENS is not set"),
    arguments: [("efficientnet_b0", EfficientNet.b0), ("efficientnet_b2", EfficientNet.b2)])
  func fullNetworkMatchesPyTorch(_ name: String, _ ours: EfficientNet) throws {
    let goldens = try #require(try Goldens.full(name))
    let theirs = try GoldenStep.efficientNet(goldens)
    #expect(ours.stages == theirs.stages)
    #expect(ours.stemChannels == theirs.stemChannels)
    let comparison = NetworkComparison(goldens)
    try comparison.expectTrainingStepMatches()
    try comparison.expectEvaluationMatches()
    try comparison.expectBFloat16StepIsPrecise()
  }

  /// torchvision's counts, with 1000 classes.
  @Test(arguments: [
    (ModelName.efficientnet_b0, 5_288_548, 81, 1280), (.efficientnet_b2, 9_109_994, 115, 1408),
  ])
  func sizesAreTorchvisions(
    _ name: ModelName, parameters: Int, convolutions: Int, features: Int
  ) throws {
    let network = try ModelDescription(name: name, classes: 1000, imageSize: 64).network()
    let specifications = network.graph.parameters
    #expect(specifications.map { $0.shape.reduce(1, *) }.reduce(0, +) == parameters)
    #expect(specifications.count { $0.shape.count == 4 } == convolutions)
    #expect(network.graph.shape(of: network.features) == [features])
  }

  @Test func weightsStartAsTorchvisionsDo() throws {
    let graph = try ModelDescription(name: .efficientnet_b0, classes: 16, imageSize: 64)
      .network().graph
    func start(_ name: String) -> Initialization? {
      graph.parameters.first { $0.name == name }?.initialization
    }
    #expect(start("features.0.0.weight") == .kaimingNormal(fanOut: 32 * 9))
    // PyTorch's fan-out takes no account of groups.
    #expect(start("features.2.0.block.1.0.weight") == .kaimingNormal(fanOut: 96 * 9))
    #expect(start("features.2.0.block.2.fc1.weight") == .kaimingNormal(fanOut: 4))
    #expect(start("features.2.0.block.2.fc1.bias") == .constant(0))
    #expect(start("classifier.1.weight") == .uniform(bound: 0.25))
    #expect(start("classifier.1.bias") == .constant(0))
  }

  @Test func branchesAreDroppedMoreOftenTowardsTheEnd() throws {
    let operations = try ModelDescription(name: .efficientnet_b0, classes: 8, imageSize: 64)
      .network().graph.operations
    let branches = operations.compactMap { $0 as? ResidualAddition }
    // 0.2 · i / 16 for those of the 16 blocks that have a skip.
    let blocks = [2, 4, 6, 7, 9, 10, 12, 13, 14].map { 0.2 * Float($0) / 16 }
    #expect(branches.map(\.dropProbability) == blocks)
    #expect(operations.compactMap { $0 as? Dropout }.map(\.probability) == [0.2])
    #expect(Set(branches.map(\.layer)).count == branches.count)
  }

  /// With dropout and stochastic depth: the same bits for the same draw in any slot and plan, other
  /// bits for another draw.
  @Test(arguments: Precision.computable)
  func aStepIsAFunctionOfItsDrawAndAllocatesNothing(_ precision: Precision) throws {
    let plan = try randomPlan(precision)
    let draw = MicroBatchDraw(seed: 1, step: 2, microBatch: 3)
    try plan.run(slot: 0, lossScale: 1, draw: draw)  // the first call may set things up
    aver_count_allocations_begin()
    try plan.run(slot: 0, lossScale: 1, draw: draw)
    try plan.run(slot: 1, lossScale: 1, draw: MicroBatchDraw(seed: 1, step: 2, microBatch: 4))
    let allocations = aver_count_allocations_end()
    #expect(allocations == 0)
    let bits = plan.slot(0).map(\.bitPattern)
    #expect(plan.slot(1).map(\.bitPattern) != bits)
    let other = try randomPlan(precision)
    try other.run(slot: 1, lossScale: 1, draw: draw)
    #expect(other.slot(1).map(\.bitPattern) == bits)
  }

  private func randomPlan(_ precision: Precision) throws -> TrainingPlan {
    try Engine.configure(threads: 1)
    let stage = EfficientNet.Stage(expansion: 2, kernel: 5, stride: 1, channels: 8, blocks: 3)
    var network = try EfficientNet(
      stemChannels: 8, stages: [stage], dropout: 0.3, stochasticDepth: 0.5
    ).network(classes: 8, imageSize: 16)
    try network.addClassificationLoss()
    let plan = try TrainingPlan(
      graph: network.graph, microBatch: 8, precision: precision, gradientSlots: 2)
    try plan.parameters.initialize(seed: 5)
    try plan.refreshWeights()
    let arrays = try ClassifierArrays(plan)
    let images = try plan.floats(input: "images")
    for index in images.indices {
      images[index] = Float((index * 2_654_435_761) % 1009) / 504 - 1
    }
    for sample in 0..<8 {
      arrays.labels[sample] = Int32(sample)
      arrays.weights[sample] = 1
    }
    return plan
  }
}
