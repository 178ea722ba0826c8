import Foundation
import TestSupport
import Testing

@testable import Distributed

/// What a rounded sum is, in plain loops: the definition that every faster way is held against.
private struct RoundedSums {
  let count: Int
  var groupErrors: [[Float]]
  var rootErrors: [Float]

  init(groups: Int, count: Int) {
    self.count = count
    groupErrors = Array(repeating: Array(repeating: 0, count: count), count: groups)
    rootErrors = Array(repeating: 0, count: count)
  }

  /// The sum of a step's leaves: its first `count` elements rounded, the others as they are.
  mutating func sum(_ leaves: [[Float]]) -> [Float] {
    let share = leaves.count / groupErrors.count
    let groups = groupErrors.indices.map { group in
      Self.round(
        treeSum(leaves: leaves[group * share..<(group + 1) * share].map { Array($0[..<count]) }),
        &groupErrors[group])
    }
    let behind = treeSum(leaves: leaves.map { Array($0[count...]) })
    return Self.round(treeSum(leaves: groups), &rootErrors) + behind
  }

  private static func round(_ sums: [Float], _ errors: inout [Float]) -> [Float] {
    sums.indices.map { index in
      let whole = sums[index] + errors[index]
      let rounded = nearest(whole)
      errors[index] = whole - rounded
      return rounded
    }
  }

  /// The nearest bfloat16, of two the even one.
  private static func nearest(_ value: Float) -> Float {
    guard value.isFinite else { return value }
    let below = Float(bitPattern: value.bitPattern & 0xffff_0000)
    // Towards infinity there is none that is finite; its bits follow all the same.
    let above = Float(bitPattern: (value.bitPattern & 0xffff_0000) &+ 0x1_0000)
    let rest = value.bitPattern & 0xffff
    if rest != 0x8000 { return rest < 0x8000 ? below : above }
    return below.bitPattern & 0x1_0000 == 0 ? below : above
  }
}

@Suite(.serialized, .enabled(if: SharedCommunicator.isUnderMPI))
struct RoundedSumRankTests {
  let communicator: Communicator

  init() throws { communicator = try SharedCommunicator.get() }

  /// A job's way of summing micro-batches, from the leaves on.
  private final class Sums {
    let communicator: Communicator
    let memory: GradientMemory
    let reducer: GradientReducer
    let tree: MicroBatchTree

    init(
      _ communicator: Communicator, microBatches: Int, count: Int, _ rounding: GradientRounding,
      buckets: [Range<Int>], chunkElements: Int = 64, isShared: Bool = true
    ) throws {
      self.communicator = communicator
      memory = try GradientMemory(communicator: communicator, count: count, isShared: isShared)
      reducer = try GradientReducer(
        communicator: communicator, algorithm: .exact, memory: memory, rounding: rounding,
        buckets: buckets, chunkElements: chunkElements)
      tree = try MicroBatchTree(
        microBatches: microBatches, rank: communicator.rank, worldSize: communicator.worldSize,
        groups: rounding.groups)
    }

    var feedback: ErrorFeedback {
      get throws { try #require(reducer.feedback) }
    }

    /// - Parameter isWhole: whether the step counts.
    func sum(_ leaves: [[Float]], isWhole: Bool = true) throws -> [Float] {
      let feedback = try feedback
      var slots = [[Float]](repeating: [], count: tree.slotCount)
      func add(_ into: Int, _ from: Int) {
        slots[into] = zip(slots[into], slots[from]).map { $0 + $1 }
      }
      func close(_ group: Int, _ slot: Int) {
        let all = slots[slot].indices
        slots[slot].withUnsafeMutableBufferPointer { values in
          if let start = values.baseAddress { feedback.round(group: group, start, all) }
        }
      }
      tree.reduceLeaves(
        compute: { slots[$1] = leaves[$0] }, add: add, close: close,
        finish: { leaf, last in
          slots[last] = leaves[leaf]
          for slot in stride(from: last, through: 0, by: -1) {
            if slot == tree.lastGroupSlot, let group = tree.lastGroup { close(group, slot) }
            if slot > 0 { add(slot - 1, slot) }
          }
        })
      _ = memory.values.update(from: slots[0])
      try reducer.allReduce()
      if isWhole { feedback.commit() }
      return Array(memory.values)
    }

    func free() throws {
      try communicator.barrier()
      try memory.free()
    }

    /// What rounding has left out, as the ranks that write it have it; nil for what another one does.
    func collected() throws -> [[Float]?] {
      try reducer.collectErrors(through: communicator)
      let feedback = try feedback
      let groups = (0..<feedback.rounding.groups).map { group in
        feedback.writer(ofGroup: group) == communicator.rank
          ? Array(feedback.errors(ofGroup: group)) : nil
      }
      return groups + [communicator.rank == 0 ? Array(feedback.rootErrors) : nil]
    }
  }

  /// Each number of groups that divides a batch, on nodes of up to 1, 2 and 3 ranks and on one of all, step after step.
  @Test(arguments: [nil, 1, 2, 3])
  func theSumHasTheBitsOfItsDefinition(nodeSize: Int?) throws {
    let seed = try sharedSeed("theSumHasTheBitsOfItsDefinition", communicator)
    var generator = SeededGenerator(seed: seed)
    let whole = try Communicator(largestTransfer: Int(CInt.max), nodeSize: nodeSize)
    let cutting = try Communicator(largestTransfer: 7, nodeSize: nodeSize)
    for round in 0..<24 {
      let nodes = round % 5 == 4 ? cutting : whole
      let microBatches = [8, 12, 16].randomElement(using: &generator) ?? 8
      let groups = MicroBatchTree.worldSizes(fitting: microBatches).randomElement(using: &generator)
      let count = round < 4 ? round : Int.random(in: 0...700, using: &generator)
      let rounding = GradientRounding(
        groups: groups ?? 1, count: Int.random(in: 0...count, using: &generator))
      let cuts = [0, Int.random(in: 0...count, using: &generator), count]
      let sums = try Sums(
        nodes, microBatches: microBatches, count: count, rounding,
        buckets: zip(cuts, cuts.dropFirst()).map { $0..<$1 },
        chunkElements: [1, 3, 64].randomElement(using: &generator) ?? 1,
        isShared: Bool.random(using: &generator))
      var definition = RoundedSums(groups: rounding.groups, count: rounding.count)
      let what =
        "seed \(seed), round \(round): \(microBatches) micro-batches, \(rounding) of \(count)"
      for step in 0..<3 {
        let leaves = (0..<microBatches).map { _ in
          generator.floats(count: count, withNonFinite: round % 4 == 3)
        }
        // A step that fails leaves nothing behind.
        if Bool.random(using: &generator) { _ = try sums.sum(leaves.reversed(), isWhole: false) }
        let matches = try bits(sums.sum(leaves)) == bits(definition.sum(leaves))
        #expect(matches, "\(what), step \(step)")
      }
      for (own, expected) in zip(
        try sums.collected(), definition.groupErrors + [definition.rootErrors])
      {
        let matches = own.map { bits($0) == bits(expected) } ?? true
        #expect(matches, "\(what), what was left out")
      }
      try sums.free()
    }
  }

  /// PyTorch's bfloat16, and its sums.
  @Test func sumsAndErrorsAreThoseOfPyTorch() throws {
    struct Golden: Decodable {
      var groups: Int
      var leaves: [[[Int32]]]
      var sums: [[Int32]]
      var groupErrors: [[Int32]]
      var rootErrors: [Int32]
    }
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let golden = try JSONDecoder().decode(
      Golden.self, from: Data(contentsOf: folder.appendingPathComponent("Goldens/rounding.json")))
    func floats(_ bits: [Int32]) -> [Float] {
      bits.map { Float(bitPattern: UInt32(bitPattern: $0)) }
    }
    let count = golden.rootErrors.count
    let sums = try Sums(
      communicator, microBatches: golden.leaves[0].count, count: count,
      GradientRounding(groups: golden.groups, count: count), buckets: [0..<count])
    for (leaves, expected) in zip(golden.leaves, golden.sums) {
      #expect(try sums.sum(leaves.map(floats)) == floats(expected))
    }
    for (own, expected) in zip(
      try sums.collected(), golden.groupErrors + [golden.rootErrors])
    {
      #expect(own.map { $0 == floats(expected) } ?? true)
    }
    try sums.free()
  }

  /// What the weights have been given in all differs from what they were due by what is still left out.
  @Test func nothingIsLostForGood() throws {
    var generator = SeededGenerator(seed: 3)
    let (microBatches, groups, count) = (8, 4, 200)
    let sums = try Sums(
      communicator, microBatches: microBatches, count: count,
      GradientRounding(groups: groups, count: count), buckets: [0..<count])
    var (due, given) = (Array(repeating: 0.0, count: count), Array(repeating: 0.0, count: count))
    for _ in 0..<200 {
      let leaves = (0..<microBatches).map { _ in
        (0..<count).map { _ in Float.random(in: 0.9...1.1, using: &generator) }
      }
      for leaf in leaves { for index in 0..<count { due[index] += Double(leaf[index]) } }
      for (index, value) in try sums.sum(leaves).enumerated() { given[index] += Double(value) }
    }
    // Of 1 600: without feedback each step's sum of about 8 is off by up to 1/32, and stays so.
    let worst = zip(due, given).map { abs($0 - $1) }.max() ?? .infinity
    #expect(worst < 0.08, "off by \(worst)")
    try sums.free()
  }

  /// Half the bytes of float32, where each rank is a group.
  @Test func messagesAreHalfAsLong() throws {
    let count = 1 << 12
    let ranks = communicator.worldSize
    let counts = try [nil, GradientRounding(groups: ranks, count: count)].map { rounding in
      let alone = try Communicator(largestTransfer: Int(CInt.max), nodeSize: 1)
      let memory = try GradientMemory(communicator: alone, count: count)
      let reducer = try GradientReducer(
        communicator: alone, algorithm: .exact, memory: memory, rounding: rounding)
      try reducer.allReduce()
      return reducer.bytesSent
    }
    #expect(counts[0] == 2 * (count - count / ranks) * 4)
    #expect(counts[1] == counts[0] / 2)
  }
}
