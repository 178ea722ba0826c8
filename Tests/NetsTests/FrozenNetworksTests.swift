import TestSupport
import Testing

@testable import Nets

/// Networks of every kind of which nearly all is frozen: what they compute is what inference computes,
/// and gradients find their way through.
@Suite(.serialized) struct FrozenNetworksTests {
  typealias Topology = InferenceFusionTests.Topology

  private struct Trained {
    let plan: TrainingPlan
    let network: Network

    init(_ topology: Topology, learning isLearning: (String) -> Bool) throws {
      try Engine.configure(threads: 1)
      let network = try topology.network()
      var trained = network
      try trained.addClassificationLoss()
      trained.graph.freeze { !isLearning($0) }
      plan = try TrainingPlan(
        graph: trained.graph, microBatch: topology.batch, precision: .f32, gradientSlots: 1)
      try plan.parameters.scatter(seed: 2)
      try plan.refreshWeights()
      self.network = network
      let arrays = try ClassifierArrays(plan)
      for sample in 0..<topology.batch {
        arrays.labels[sample] = Int32(sample)
        arrays.weights[sample] = 1
      }
      fill(try plan.floats(input: images))
    }

    var images: String { get throws { try GoldenStep.images(of: network) } }

    private func fill(_ values: UnsafeMutableBufferPointer<Float>) {
      for index in values.indices { values[index] = Float((index * 7919) % 1009) / 504 - 1 }
    }

    func inferredLogits() throws -> [Float] {
      let inference = try InferencePlan(
        graph: network.graph, batch: plan.microBatch, precision: .f32, parameters: plan.parameters)
      fill(try inference.floats(input: images))
      try inference.run()
      return Array(try inference.output("logits"))
    }

    func loss() throws -> Double {
      try plan.refreshTrainedWeights()
      try plan.run(slot: 0)
      return plan.slotLayout.metrics[0].value(in: plan.slot(0))
    }
  }

  @Test(arguments: Topology.allCases)
  func aFrozenBackboneComputesWhatInferenceDoes(_ topology: Topology) throws {
    let head = Set(try topology.network().graph.parameters.suffix(2).map(\.name))
    let trained = try Trained(topology, learning: head.contains)
    _ = try trained.loss()
    let comparison = Comparison(
      "logits", Array(try trained.plan.output("logits")), try trained.inferredLogits(),
      Tolerance(absolute: 1e-5, relative: 1e-5))
    #expect(comparison.passes, "\(comparison)")
    #expect(trained.plan.backwardCount <= 2)
  }

  /// The first layer learns through all the others: along its gradient the loss rises by the
  /// gradient's length.
  @Test(arguments: Topology.allCases)
  func gradientsPassThroughAllThatIsFrozen(_ topology: Topology) throws {
    let first = try #require(topology.network().graph.parameters.first).name
    let trained = try Trained(topology) { $0 == first }
    let parameters = trained.plan.parameters
    #expect(parameters.parameters.filter { !$0.isFrozen }.map(\.name) == [first])
    _ = try trained.loss()
    let comparison = Comparison(
      "logits", Array(try trained.plan.output("logits")), try trained.inferredLogits(),
      Tolerance(absolute: 1e-4, relative: 1e-4))
    #expect(comparison.passes, "\(comparison)")
    let gradient = Array(trained.plan.slot(0)[trained.plan.slotLayout.gradients])
    let length = gradient.reduce(0) { $0 + Double($1 * $1) }.squareRoot()
    let start = Array(parameters.values)
    func loss(_ distance: Double) throws -> Double {
      for (index, slope) in gradient.enumerated() {
        parameters.values[index] = start[index] + Float(distance / length) * slope
      }
      return try trained.loss()
    }
    let step = 1e-2
    let slope = (try loss(step) - loss(-step)) / (2 * step)
    #expect(abs(slope / length - 1) < 0.02, "\(slope) along a gradient of length \(length)")
  }
}
