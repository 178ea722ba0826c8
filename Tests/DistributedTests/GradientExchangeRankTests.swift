import Foundation
import TestSupport
import Testing

@testable import Distributed

@Suite(.serialized, .enabled(if: SharedCommunicator.isUnderMPI))
struct GradientExchangeRankTests {
  let communicator: Communicator

  init() throws { communicator = try SharedCommunicator.get() }

  /// Beside the caller and after it, in one piece of memory and by messages: the bits of the tree, step after step.
  @Test(arguments: [true, false], [nil, 1])
  func theSumHasTheBitsOfTheTree(overlaps: Bool, nodeSize: Int?) throws {
    let seed = try sharedSeed("theSumHasTheBitsOfTheTree", communicator)
    var generator = SeededGenerator(seed: seed)
    let nodes = try Communicator(largestTransfer: Int(CInt.max), nodeSize: nodeSize)
    let count = 5000
    let cuts = [0, 700, 701, 3000, count]
    let buckets = zip(cuts, cuts.dropFirst()).map { $0..<$1 }
    let memory = try GradientMemory(communicator: nodes, count: count)
    let reducer = try GradientReducer(
      communicator: overlaps ? nodes.forGradients() : nodes, algorithm: .exact, memory: memory,
      buckets: buckets, chunkElements: 100)
    let exchange = GradientExchange(reducer, overlaps: overlaps)
    for step in 0..<20 {
      let leaves = (0..<nodes.worldSize).map { _ in
        generator.floats(count: count, withNonFinite: step % 2 == 1)
      }
      let pauses = (0..<nodes.worldSize).map { _ in Double.random(in: 0...0.002, using: &generator)
      }
      for (place, bucket) in buckets.enumerated() {
        for element in bucket { memory.values[element] = leaves[nodes.rank][element] }
        exchange.begin(bucket: place)
        Thread.sleep(forTimeInterval: pauses[nodes.rank])
        // Another thread uses the other communicator meanwhile.
        try nodes.barrier()
      }
      for place in buckets.indices { try exchange.finish(bucket: place) }
      #expect(
        bits(Array(memory.values)) == bits(treeSum(leaves: leaves)), "seed \(seed), step \(step)")
    }
    try communicator.barrier()
    try memory.free()
  }

  @Test func bucketSizesAreTheSameOnAllRanks() throws {
    let memory = try GradientMemory(communicator: communicator, count: 1 << 16)
    let reducer = try GradientReducer(
      communicator: communicator, algorithm: .exact, memory: memory)
    let cost = try CommunicationCost.measure(reducer, communicator)
    let own = withUnsafeBytes(of: (cost.latency, cost.secondsPerByte)) { Array($0) }
    #expect(Set(try communicator.allGather(own)).count == 1)
    #expect(cost.latency > 0)
    try memory.free()
  }
}

@Suite struct BucketSizesTests {
  @Test func bucketsAreLargeWhereCallsAreSlow() {
    func sizes(_ latency: Double, gigabytesPerSecond: Double) -> BucketSizes {
      BucketSizes(
        fitting: CommunicationCost(latency: latency, secondsPerByte: 1e-9 / gigabytesPerSecond))
    }
    #expect(sizes(1e-6, gigabytesPerSecond: 10).capacity == 1 << 20)
    #expect(sizes(100e-6, gigabytesPerSecond: 1).capacity == 2_000_000)
    #expect(sizes(1, gigabytesPerSecond: 1).capacity == 25 << 20)
    #expect(sizes(100e-6, gigabytesPerSecond: 1).last == 500_000)
    // One rank: sums cost nothing.
    let free = BucketSizes(fitting: CommunicationCost(latency: 1e-7, secondsPerByte: 0))
    #expect(free.capacity == 25 << 20)
  }
}
