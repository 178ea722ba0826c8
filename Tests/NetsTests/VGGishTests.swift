import TestSupport
import Testing

@testable import Nets

/// Whole training steps of the audio network against PyTorch: logits, loss, every gradient, and
/// logits in evaluation.
@Suite(.serialized) struct VGGishTests {
  @Test func trainingStepMatchesPyTorch() throws {
    try NetworkComparison(Goldens("vggish-narrow")).expectTrainingStepMatches()
  }

  @Test func evaluationMatchesPyTorch() throws {
    try NetworkComparison(Goldens("vggish-narrow")).expectEvaluationMatches()
  }

  @Test(.needsBFloat16) func bf16IsAsPreciseAsPyTorchsAutocast() throws {
    try NetworkComparison(Goldens("vggish-narrow")).expectBFloat16StepIsPrecise()
  }

  @Test(.enabled(if: try Goldens.full("vggish") != nil, "AVER_FULL_GOLDENS is not set"))
  func fullNetworkMatchesPyTorch() throws {
    let comparison = NetworkComparison(try #require(try Goldens.full("vggish")))
    try comparison.expectTrainingStepMatches()
    try comparison.expectEvaluationMatches()
    try comparison.expectBFloat16StepIsPrecise()
  }

  @Test func namesAndShapesAreThoseOfTheCheckpoint() throws {
    let network = try VGGish().network(outputs: 7)
    #expect(network.graph.shape(of: network.features) == [128])
    #expect(network.graph.shape(of: network.logits) == [7])
    let convolutions = [
      (0, 64, 1), (3, 128, 64), (6, 256, 128), (8, 256, 256), (11, 512, 256), (13, 512, 512),
    ].flatMap { index, channels, inputs in
      [
        "features.\(index).weight \([channels, inputs, 3, 3])",
        "features.\(index).bias \([channels])",
      ]
    }
    let linear = [
      ("embeddings.0", 4096, 12288), ("embeddings.2", 4096, 4096), ("embeddings.4", 128, 4096),
      ("head", 7, 128),
    ].flatMap { name, features, inputs in
      ["\(name).weight \([features, inputs])", "\(name).bias \([features])"]
    }
    #expect(
      network.graph.parameters.map { "\($0.name) \($0.shape)" } == convolutions + linear)
  }

  /// PyTorch's default: uniform within 1/√fan-in, biases too.
  @Test func weightsStartOutAsPyTorchs() throws {
    let network = try VGGish(stages: [[8], [16]], embeddings: [24]).network(
      outputs: 2, frames: 8, bands: 4)
    let bounds = Dictionary(
      uniqueKeysWithValues: network.graph.parameters.map { ($0.name, $0.initialization) })
    for part in ["weight", "bias"] {
      #expect(bounds["features.0.\(part)"] == .uniform(bound: 1 / Float(9).squareRoot()))
      #expect(bounds["features.3.\(part)"] == .uniform(bound: 1 / Float(72).squareRoot()))
      #expect(bounds["embeddings.0.\(part)"] == .uniform(bound: 1 / Float(32).squareRoot()))
    }
  }

  @Test func patchesThatAreTooSmallAreRefused() {
    #expect(throws: NetsError.self) { try VGGish().network(outputs: 2, frames: 96, bands: 8) }
  }
}
