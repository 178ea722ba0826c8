import TestSupport
import Testing

@testable import Distributed

@Suite(.serialized, .enabled(if: SharedCommunicator.isUnderMPI))
struct GradientReducerRankTests {
  let communicator: Communicator

  init() throws {
    communicator = try SharedCommunicator.get()
  }

  /// Sums `leaves[rank]` over the ranks.
  func reduced(
    _ leaves: [[Float]], buckets: [Range<Int>], chunkElements: Int = 1 << 18,
    algorithm: ReductionAlgorithm = .exact, isShared: Bool = true,
    through communicator: Communicator? = nil
  ) throws -> [Float] {
    let communicator = communicator ?? self.communicator
    let leaf = leaves[communicator.rank]
    let memory = try GradientMemory(
      communicator: communicator, count: leaf.count, isShared: isShared)
    let reducer = try GradientReducer(
      communicator: communicator, algorithm: algorithm, memory: memory, buckets: buckets,
      chunkElements: chunkElements)
    _ = memory.values.update(from: leaf)
    try reducer.allReduce()
    let sum = Array(memory.values)
    try communicator.barrier()
    try memory.free()
    return sum
  }

  func expectEqualOnAllRanks(_ values: [Float]) throws {
    let own = bits(values).withUnsafeBytes { Array($0) }
    #expect(Set(try communicator.allGather(own)).count == 1, "the ranks ended with different bits")
  }

  /// Random cuts of `0..<count`, with empty buckets between.
  func randomBuckets(count: Int, _ generator: inout SeededGenerator) -> [Range<Int>] {
    var cuts = (0..<Int.random(in: 0...4, using: &generator)).map { _ in
      Int.random(in: 0...count, using: &generator)
    }
    cuts = ([0, count, count] + cuts).sorted()
    return zip(cuts, cuts.dropFirst()).map { $0..<$1 }.shuffled(using: &generator)
  }

  /// In shared memory, by messages, and both: with nodes of up to 1, 2 and 3 ranks, of which the last make uneven ones.
  @Test(arguments: [nil, 1, 2, 3])
  func theSumHasTheBitsOfTheTreeOnAllRanks(nodeSize: Int?) throws {
    let seed = try sharedSeed("theSumHasTheBitsOfTheTreeOnAllRanks", communicator)
    var generator = SeededGenerator(seed: seed)
    let nodes = try Communicator(largestTransfer: Int(CInt.max), nodeSize: nodeSize)
    for round in 0..<60 {
      let count = round < 12 ? round : Int.random(in: 0...5000, using: &generator)
      let leaves = (0..<communicator.worldSize).map { _ in
        generator.floats(count: count, withNonFinite: round % 2 == 1)
      }
      let buckets = randomBuckets(count: count, &generator)
      let chunk = [1, 3, 64, 1 << 18].randomElement(using: &generator) ?? 1
      let isShared = Bool.random(using: &generator)
      let sum = try reduced(
        leaves, buckets: buckets, chunkElements: chunk, isShared: isShared, through: nodes)
      let matches = bits(sum) == bits(treeSum(leaves: leaves))
      #expect(matches, "seed \(seed), round \(round), n=\(count), chunk \(chunk), \(buckets)")
      try expectEqualOnAllRanks(sum)
    }
  }

  /// Short parts, which take one meeting, between long ones, which take two, again and again.
  @Test func shortAndLongPartsFollowEachOther() throws {
    let seed = try sharedSeed("shortAndLongPartsFollowEachOther", communicator)
    var generator = SeededGenerator(seed: seed)
    let cuts = [0, 1, 17, 4113, 8210, 8211, 20000, 20100, 24196, 30000]
    let memory = try GradientMemory(communicator: communicator, count: 30000)
    let reducer = try GradientReducer(
      communicator: communicator, algorithm: .exact, memory: memory,
      buckets: zip(cuts, cuts.dropFirst()).map { $0..<$1 }.shuffled(using: &generator))
    for step in 0..<30 {
      let leaves = (0..<communicator.worldSize).map { _ in
        generator.floats(count: 30000, withNonFinite: step % 2 == 1)
      }
      _ = memory.values.update(from: leaves[communicator.rank])
      try reducer.allReduce()
      let matches = bits(Array(memory.values)) == bits(treeSum(leaves: leaves))
      #expect(matches, "seed \(seed), step \(step)")
    }
    try communicator.barrier()
    try memory.free()
  }

  /// The test of the whole promise: M leaves shared by any number of ranks.
  @Test(arguments: [4, 8, 12, 20, 32])
  func microBatchesSumToTheSameBitsOnAnyNumberOfRanks(microBatches: Int) throws {
    var generator = SeededGenerator(seed: UInt64(microBatches))
    let leaves = (0..<microBatches).map { _ in generator.floats(count: 997, withNonFinite: false) }
    let tree = try MicroBatchTree(
      microBatches: microBatches, rank: communicator.rank, worldSize: communicator.worldSize)
    var slots = [[Float]](repeating: [], count: tree.slotCount)
    tree.reduceLeaves(
      compute: { slots[$1] = leaves[$0] },
      add: { slots[$0] = zip(slots[$0], slots[$1]).map { $0 + $1 } })
    let own = slots[0].withUnsafeBytes { Array($0) }
    let parts = try communicator.allGather(own).map { bytes in
      bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    }
    let sum = try reduced(parts, buckets: [0..<400, 400..<997])
    #expect(bits(sum) == bits(treeSum(leaves: leaves)))
  }

  @Test func aReducerCanBeUsedAgainAndAgain() throws {
    let memory = try GradientMemory(communicator: communicator, count: 1003)
    #expect(memory.values.allSatisfy { $0 == 0 })
    let reducer = try GradientReducer(
      communicator: communicator, algorithm: .exact, memory: memory, buckets: [0..<1003],
      chunkElements: 100)
    memory.values.update(repeating: 1)
    for _ in 0..<3 { try reducer.allReduce() }
    let world = Float(communicator.worldSize)
    #expect(memory.values.allSatisfy { $0 == world * world * world })
    try memory.free()
  }

  @Test func transfersLongerThanMPICountsAreCut() throws {
    let cutting = try Communicator(largestTransfer: 5)
    var generator = SeededGenerator(seed: 5)
    let leaves = (0..<communicator.worldSize).map { _ in
      generator.floats(count: 103, withNonFinite: false)
    }
    for algorithm in ReductionAlgorithm.allCases {
      let sum = try reduced(leaves, buckets: [0..<103], algorithm: algorithm, through: cutting)
      try expectEqualOnAllRanks(sum)
      if algorithm == .exact {
        #expect(bits(sum) == bits(treeSum(leaves: leaves)))
      }
    }
  }

  @Test func theVendorsSumIsASum() throws {
    let leaves = (0..<communicator.worldSize).map { [Float](repeating: Float($0 + 1), count: 1000) }
    let sum = try reduced(leaves, buckets: [0..<1000], algorithm: .vendor)
    #expect(sum == treeSum(leaves: leaves), "sums of small integers are exact in any order")
  }

  @Test func bucketsThatOverlapOrLeaveGapsAreRefused() throws {
    let memory = try GradientMemory(communicator: communicator, count: 10)
    for buckets in [[0..<5, 4..<10], [0..<5, 6..<10], [0..<9], [0..<11], []] {
      #expect(throws: DistributedError.bucketsDoNotTile(count: 10)) {
        try GradientReducer(
          communicator: communicator, algorithm: .exact, memory: memory, buckets: buckets)
      }
    }
  }
}
