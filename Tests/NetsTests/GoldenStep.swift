import TestSupport
import Testing

@testable import Nets

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
