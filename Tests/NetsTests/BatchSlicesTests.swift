import CAllocationCounter
import TestSupport
import Testing

@testable import Nets

/// Inference plans of large batches, which they compute slice by slice.
@Suite struct BatchSlicesTests {
  private static let samples = 16
  private let network: Network
  private let store: ParameterStore

  init() throws {
    try Engine.configure(threads: 1)
    network = try ResNet(block: .basic, depths: [1, 1], widths: [32, 40]).network(
      classes: 5, imageSize: 24)
    store = try ParameterStore(inferenceFor: network.graph)
    try store.initialize(seed: 1)
  }

  private func plan(batch: Int) throws -> InferencePlan {
    try InferencePlan(graph: network.graph, batch: batch, precision: .f32, parameters: store)
  }

  private func image(_ index: Int) -> [Float] {
    (0..<24 * 24 * 3).map { Float(($0 + 1) * (index + 3) * 7919 % 1009) / 504 - 1 }
  }

  @Test func everySliceIsComputed() throws {
    let whole = try plan(batch: 3 * Self.samples)
    let images = try whole.floats(input: "images")
    #expect(images.count == 3 * Self.samples * 24 * 24 * 3)
    let part = try plan(batch: Self.samples)
    var expected: [Float] = []
    for slice in 0..<3 {
      let content = (0..<Self.samples).flatMap { image(slice * Self.samples + $0) }
      _ = try part.floats(input: "images").update(fromContentsOf: content)
      _ = images[(slice * content.count)...].update(fromContentsOf: content)
      try part.run()
      expected += Array(try part.output("logits"))
    }
    for _ in 0..<2 {
      try whole.run()
      #expect(Array(try whole.output("logits")) == expected)
    }
    #expect(Set(expected).count > expected.count / 2)
    #expect(whole.arenaBytes == part.arenaBytes)
  }

  @Test func runningAllocatesNothing() throws {
    let whole = try plan(batch: 2 * Self.samples)
    try whole.run()
    aver_count_allocations_begin()
    try whole.refreshWeights()
    try whole.run()
    #expect(aver_count_allocations_end() == 0)
  }

  /// Operations and time are those of the batch.
  @Test func profilesAreOfTheWholeBatch() throws {
    let operations = try [1, 2].map { count in
      try plan(batch: count * Self.samples).profile(repetitions: 1).compactMap(\.operations)
        .reduce(0, +)
    }
    #expect(operations[1] == 2 * operations[0])
  }

  @Test(arguments: [
    (64, 16), (32, 16), (30, 15), (24, 12), (16, 16), (8, 8), (7, 7), (37, 37), (17, 17),
  ])
  func slicesDivideTheBatch(_ batch: Int, _ samples: Int) {
    #expect(BatchSlices.samples(of: network.graph, batch: batch) == samples)
  }

  /// Where rows depend on each other's places, or are steps in time, the batch stays whole.
  @Test func onlyImagesAreSliced() throws {
    var graph = Graph()
    let features = graph.input("features", .floats, shape: [8])
    graph.output("result", try graph.linear(features, name: "fc", features: 4))
    #expect(BatchSlices.samples(of: graph, batch: 64) == 64)
  }
}
