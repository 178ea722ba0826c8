import TestSupport
import Testing

@testable import Nets

/// Whole training steps of densely connected networks against PyTorch: logits, loss, every gradient,
/// updated running statistics, and logits in evaluation.
@Suite(.serialized) struct DenseNetTests {
  /// As `NetworkComparison.deepRelativeError`: a block's last layers see 3×3 pixels, and one flipped
  /// ReLU among them is much. PyTorch's float32 is up to 1.1e-2 (of 121 layers) and 6.4e-2 (of 201)
  /// away from the same exact gradients.
  static let deepRelativeError = 5e-2

  @Test func trainingStepMatchesPyTorch() throws {
    try NetworkComparison(Goldens("densenet-narrow")).expectTrainingStepMatches()
  }

  @Test func evaluationMatchesPyTorch() throws {
    try NetworkComparison(Goldens("densenet-narrow")).expectEvaluationMatches()
  }

  @Test(.needsBFloat16) func bf16IsAsPreciseAsPyTorchsAutocast() throws {
    try NetworkComparison(Goldens("densenet-narrow")).expectBFloat16StepIsPrecise()
  }

  @Test(
    arguments: [(ModelName.densenet121, 727, 7_978_856), (.densenet201, 1207, 20_013_928)])
  func namesAndShapesAreTorchvisions(_ name: ModelName, tensors: Int, parameters: Int) throws {
    let graph = try ModelDescription(name: name, classes: 1000, imageSize: 224).network().graph
    // A normalisation stores a mean, a variance and a count.
    #expect(graph.parameters.count + 3 * graph.statistics.count == tensors)
    #expect(graph.parameters.reduce(0) { $0 + $1.shape.reduce(1, *) } == parameters)
    let shapes = Dictionary(uniqueKeysWithValues: graph.parameters.map { ($0.name, $0.shape) })
    #expect(shapes["features.conv0.weight"] == [64, 3, 7, 7])
    #expect(shapes["features.denseblock1.denselayer1.norm1.weight"] == [64])
    #expect(shapes["features.denseblock2.denselayer3.conv1.weight"] == [128, 192, 1, 1])
    #expect(shapes["features.denseblock4.denselayer16.conv2.weight"] == [32, 128, 3, 3])
    #expect(shapes["features.transition1.conv.weight"] == [128, 256, 1, 1])
    let last = try #require(graph.statistics.last)
    #expect(last.name == "features.norm5" && shapes["features.norm5.bias"] == [last.channels])
    for parameter in name.head { #expect(shapes[parameter]?[0] == 1000) }
  }

  /// Kaiming-normal over fan-in, unlike the other networks.
  @Test func weightsStartOutAsTorchvisions() throws {
    let network = try DenseNet(depths: [2, 2]).network(classes: 8, imageSize: 64)
    let store = try ParameterStore(inferenceFor: network.graph)
    try store.initialize(seed: 5)
    let tensors = Dictionary(
      uniqueKeysWithValues: try store.modelTensors().map { ($0.name, $0.floats()) })
    let weights = try #require(tensors["features.denseblock2.denselayer2.conv1.weight"])
    let variance = weights.reduce(0) { $0 + $1 * $1 } / Float(weights.count)
    #expect(abs(variance / (2 / Float(96)) - 1) < 0.05)
    #expect(tensors["classifier.bias"]?.allSatisfy { $0 == 0 } == true)
    #expect(
      tensors["classifier.weight"]?.allSatisfy { abs($0) <= 1 / Float(128).squareRoot() } == true)
  }

  /// A layer reads its block's arrays where they lie: however many layers, what changes its layout is
  /// the image and, in bfloat16, what passes to the head and back.
  @Test(.needsAVX512, arguments: Precision.computable)
  func nothingIsCopiedForConcatenation(_ precision: Precision) throws {
    try Engine.configure(threads: 1)
    let reorders = try [2, 5].map { layers in
      var network = try DenseNet(depths: [layers, layers], growth: 16, stemChannels: 32)
        .network(classes: 8, imageSize: 64)
      try network.addClassificationLoss()
      return try TrainingPlan(
        graph: network.graph, microBatch: 2, precision: precision, gradientSlots: 1
      ).reorderCount
    }
    #expect(reorders[0] == reorders[1])
    #expect(reorders[0] <= 4)
  }

  @Test(
    .enabled(if: try Goldens.full("densenet121") != nil, "AVER_FULL_GOLDENS is not set"),
    arguments: ["densenet121", "densenet201"])
  func fullNetworkMatchesPyTorch(_ name: String) throws {
    let comparison = NetworkComparison(try #require(try Goldens.full(name)))
    try comparison.expectGradientsAreNear(within: Self.deepRelativeError)
    try comparison.expectEvaluationMatches()
    try comparison.expectBFloat16StepIsPrecise()
  }
}
