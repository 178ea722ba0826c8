import TestSupport
import Testing

@testable import Distributed

/// A tree as a text: leaves are numbers, a node is (left+right).
private func shape(_ leaves: [Int]) -> String {
  guard leaves.count > 1 else { return "\(leaves[0])" }
  let half = leaves.count / 2
  return "(\(shape(Array(leaves.prefix(half))))+\(shape(Array(leaves.dropFirst(half)))))"
}

@Suite struct MicroBatchTreeTests {
  /// Runs `reduceLeaves` on texts and returns slot 0.
  private func reducedShape(_ tree: MicroBatchTree) -> String {
    var slots = [String](repeating: "", count: tree.slotCount)
    tree.reduceLeaves(
      compute: { slots[$1] = "\($0)" },
      add: { slots[$0] = "(\(slots[$0])+\(slots[$1]))" })
    return slots[0]
  }

  @Test(arguments: 1...64)
  func aRankSumsItsLeavesInTheShapeOfTheDefinition(microBatches: Int) throws {
    let tree = try MicroBatchTree(microBatches: microBatches, rank: 0, worldSize: 1)
    #expect(reducedShape(tree) == shape(Array(0..<microBatches)))
  }

  @Test(arguments: 1...64)
  func theTreeIsTheSameHoweverManyRanksShareIt(microBatches: Int) throws {
    for worldSize in MicroBatchTree.worldSizes(fitting: microBatches) {
      var nodes = try (0..<worldSize).map {
        reducedShape(
          try MicroBatchTree(microBatches: microBatches, rank: $0, worldSize: worldSize))
      }
      while nodes.count > 1 {
        nodes = stride(from: 0, to: nodes.count, by: 2).map { "(\(nodes[$0])+\(nodes[$0 + 1]))" }
      }
      #expect(nodes == [shape(Array(0..<microBatches))], "\(worldSize) ranks")
    }
  }

  @Test func leavesAreComputedInOrderOnceEach() throws {
    let tree = try MicroBatchTree(microBatches: 24, rank: 1, worldSize: 2)
    var computed: [Int] = []
    tree.reduceLeaves(compute: { leaf, _ in computed.append(leaf) }, add: { _, _ in })
    #expect(computed == Array(12..<24))
  }

  @Test(arguments: [(1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (8, 4), (9, 5), (64, 7)])
  func slotsAreTheLogarithmPlusOne(leaves: Int, slots: Int) throws {
    let tree = try MicroBatchTree(microBatches: leaves, rank: 0, worldSize: 1)
    #expect(tree.slotCount == slots)
  }

  @Test func theSumHasTheSameBitsForEverySplitIntoRanks() throws {
    let seed = propertySeed("theSumHasTheSameBitsForEverySplitIntoRanks")
    var generator = SeededGenerator(seed: seed)
    for microBatches in [1, 2, 3, 6, 8, 12, 16, 40, 64] {
      let leaves = (0..<microBatches).map { _ in generator.floats(count: 33, withNonFinite: true) }
      let expected = bits(treeSum(leaves: leaves))
      for worldSize in MicroBatchTree.worldSizes(fitting: microBatches) {
        let parts = try (0..<worldSize).map { rank in
          try reducedSum(
            of: leaves,
            MicroBatchTree(microBatches: microBatches, rank: rank, worldSize: worldSize))
        }
        let sum = bits(treeSum(leaves: parts))
        #expect(sum == expected, "\(microBatches) on \(worldSize) ranks, seed \(seed)")
      }
    }
  }

  private func reducedSum(of leaves: [[Float]], _ tree: MicroBatchTree) throws -> [Float] {
    var slots = [[Float]](repeating: [], count: tree.slotCount)
    tree.reduceLeaves(
      compute: { slots[$1] = leaves[$0] },
      add: { slots[$0] = zip(slots[$0], slots[$1]).map { $0 + $1 } })
    return slots[0]
  }

  @Test func aSumFromLeftToRightWouldBeAnotherSum() {
    let leaves: [[Float]] = [[1e8], [1], [-1e8], [1]]
    #expect(treeSum(leaves: leaves) == [0])
    #expect(leaves.dropFirst().reduce(leaves[0]) { [$0[0] + $1[0]] } == [1])
  }

  @Test(arguments: [(3, 12), (8, 12), (6, 6), (2, 1), (16, 8)])
  func worldSizesThatDoNotFitAreRefused(worldSize: Int, microBatches: Int) {
    #expect(
      throws: DistributedError.worldSizeDoesNotFit(worldSize: worldSize, microBatches: microBatches)
    ) {
      try MicroBatchTree(microBatches: microBatches, rank: 0, worldSize: worldSize)
    }
  }

  @Test func theRefusalNamesTheWorldSizesThatWork() throws {
    let error = DistributedError.worldSizeDoesNotFit(worldSize: 3, microBatches: 12)
    #expect(
      error.description == """
        3 ranks cannot share a global batch of 12 micro-batches: start 1, 2, 4 ranks, or change \
        batch.global or batch.micro; reduction: vendor takes 3, with other bits on other numbers
        """)
    #expect(
      throws: DistributedError.worldSizeDoesNotFit(worldSize: 5, microBatches: 12, .vendor)
    ) {
      try MicroBatchTree(microBatches: 12, rank: 0, worldSize: 5, algorithm: .vendor)
    }
    let tree = try MicroBatchTree(microBatches: 12, rank: 2, worldSize: 3, algorithm: .vendor)
    #expect(tree.leaves == 8..<12)
  }
}
