import TestSupport
import Testing

@testable import Nets

/// Whole training steps of residual networks against PyTorch: logits, loss, every gradient, updated
/// running statistics, and logits in evaluation.
@Suite(.serialized) struct ResNetTests {
  @Test(arguments: ["resnet-basic", "resnet-bottleneck"])
  func trainingStepMatchesPyTorch(_ name: String) throws {
    try NetworkComparison(Goldens(name)).expectTrainingStepMatches()
  }

  @Test(arguments: ["resnet-basic", "resnet-bottleneck"])
  func evaluationMatchesPyTorch(_ name: String) throws {
    try NetworkComparison(Goldens(name)).expectEvaluationMatches()
  }

  @Test(.needsBFloat16, arguments: ["resnet-basic", "resnet-bottleneck"])
  func bf16IsAsPreciseAsPyTorchsAutocast(_ name: String) throws {
    try NetworkComparison(Goldens(name)).expectBFloat16StepIsPrecise()
  }

  @Test(
    .enabled(if: try Goldens.full("resnet18") != nil, "AVER_FULL_GOLDENS is not set"),
    arguments: ["resnet18", "resnet50"])
  func fullNetworkMatchesPyTorch(_ name: String) throws {
    let comparison = NetworkComparison(try #require(try Goldens.full(name)))
    try comparison.expectGradientsAreNear()
    try comparison.expectEvaluationMatches()
    try comparison.expectBFloat16StepIsPrecise()
  }

  @Test func branchesAreDroppedMoreOftenTowardsTheEnd() throws {
    func operations(_ depth: Float?, dropout: Float? = nil) throws -> [any Operation] {
      try ModelDescription(
        name: .resnet18, classes: 8, imageSize: 32, dropout: dropout, stochasticDepth: depth
      ).network().graph.operations
    }
    let own = try operations(nil)
    #expect(own.count { $0 is AdditionReLU } == 8)
    #expect(!own.contains { $0 is ResidualAddition || $0 is Dropout })
    let dropping = try operations(0.7, dropout: 0.25)
    let branches = dropping.compactMap { $0 as? ResidualAddition }
    #expect(branches.map(\.dropProbability) == (1..<8).map { 0.7 * Float($0) / 7 })
    #expect(dropping.count { $0 is AdditionReLU } == 1)
    #expect(dropping.compactMap { $0 as? Dropout }.map(\.probability) == [0.25])
  }

  /// The branches of which none is dropped: the same step, by other operations.
  @Test(arguments: ["resnet-basic", "resnet-bottleneck"])
  func droppingNothingMatchesPyTorch(_ name: String) throws {
    try NetworkComparison(Goldens(name), stochasticDepth: .leastNormalMagnitude)
      .expectTrainingStepMatches()
  }
}
