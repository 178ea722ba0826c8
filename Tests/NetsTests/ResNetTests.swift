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
}
