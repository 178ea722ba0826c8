import TestSupport
import Testing

@testable import Nets

/// One training step on a golden's weights and inputs.
enum GoldenStep {
  static func network(_ goldens: Goldens, stochasticDepth: Float = 0) throws -> Network {
    let classes = try #require(goldens.integers("classes").first)
    let imageSize = try #require(goldens.integers("image_size").first)
    if goldens.metadata["stages"] != nil {
      return try efficientNet(goldens).network(classes: classes, imageSize: imageSize)
    }
    if goldens.metadata["convolutions"] != nil {
      return try vggish(goldens).network(
        outputs: classes, frames: imageSize, bands: #require(goldens.integers("bands").first))
    }
    if goldens.metadata["growth"] != nil {
      return try denseNet(goldens).network(classes: classes, imageSize: imageSize)
    }
    return try ResNet(
      block: goldens.metadata["block"] == "basic" ? .basic : .bottleneck,
      depths: goldens.integers("layers"), widths: goldens.integers("widths"),
      stochasticDepth: stochasticDepth
    ).network(classes: classes, imageSize: imageSize)
  }

  static func denseNet(_ goldens: Goldens) throws -> DenseNet {
    DenseNet(
      depths: goldens.integers("depths"), growth: try #require(goldens.integers("growth").first),
      stemChannels: try #require(goldens.integers("stem").first),
      bottleneck: try #require(goldens.integers("bottleneck").first))
  }

  static func vggish(_ goldens: Goldens) throws -> VGGish {
    let stages = try #require(goldens.metadata["convolutions"]).split(separator: ";")
    return VGGish(
      stages: stages.map { $0.split(separator: ",").compactMap { Int($0) } },
      embeddings: goldens.integers("embeddings"))
  }

  /// Without dropout and stochastic depth.
  static func efficientNet(_ goldens: Goldens) throws -> EfficientNet {
    let numbers = goldens.integers("stages")
    return EfficientNet(
      stemChannels: try #require(goldens.integers("stem").first),
      stages: stride(from: 0, to: numbers.count, by: 5).map {
        EfficientNet.Stage(
          expansion: numbers[$0], kernel: numbers[$0 + 1], stride: numbers[$0 + 2],
          channels: numbers[$0 + 3], blocks: numbers[$0 + 4])
      }, dropout: 0, stochasticDepth: 0)
  }

  static func run(
    _ goldens: Goldens, precision: Precision, stochasticDepth: Float = 0,
    freezing parts: [String] = [], gradientSlots: Int = 1
  ) throws -> TrainingPlan {
    try Engine.configure(threads: 1)
    let labels = try goldens.tensor("input/labels").integers()
    var network = try network(goldens, stochasticDepth: stochasticDepth)
    try network.addClassificationLoss()
    network.graph.freeze { name in parts.contains { name == $0 || name.hasPrefix("\($0).") } }
    let plan = try TrainingPlan(
      graph: network.graph, microBatch: labels.count, precision: precision,
      gradientSlots: gradientSlots)
    try plan.parameters.loadModel(goldens.tensors(under: "weights"), file: "golden")
    try plan.refreshWeights()
    _ = try plan.floats(input: images(of: network))
      .update(fromContentsOf: goldens.floats("input/images"))
    _ = try plan.integers(input: "labels").update(fromContentsOf: labels.map(Int32.init))
    _ = try plan.floats(input: "weights")
      .update(fromContentsOf: goldens.floats("input/weights").withMeanOne())
    try plan.run(slot: 0, lossScale: lossScale(goldens))
    return plan
  }

  /// The name of the input that takes `input/images`.
  static func images(of network: Network) throws -> String {
    try #require(network.graph.inputs.first { $0.content == .pixels }).name
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
