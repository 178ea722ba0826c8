/// The fixed binary tree over the M micro-batches of a global batch, and this rank's part of it.
///
/// A node over the leaves [a, b) splits at a + (b - a) / 2 and is the sum left + right. With W ranks,
/// W a power of two that divides M, the subtree over the K = M / W leaves of a rank is a node of the
/// whole tree, and the ranks' nodes are joined neighbours first. So the sum has the same bits
/// whichever number of ranks computes it.
public struct MicroBatchTree: Equatable, Sendable {
  /// The micro-batches that this rank computes, among `0..<M`.
  public let leaves: Range<Int>
  /// The leaves of a group, where this rank has several whose sums are rounded; nil where it has part of one.
  private let groupLeaves: Int?

  /// - Parameters:
  ///   - groups: how many nodes of a level there are whose sums are rounded, see `GradientRounding`; 1 where none is.
  ///   - algorithm: of the sum over ranks: the tree's upper levels where it is exact. The vendor's serves any number of
  ///     ranks that divides the batch.
  /// - Throws: `DistributedError.worldSizeDoesNotFit`, which names the numbers of ranks that work.
  public init(
    microBatches: Int, rank: Int, worldSize: Int, groups: Int = 1,
    algorithm: ReductionAlgorithm = .exact
  ) throws {
    precondition(microBatches > 0 && (0..<worldSize).contains(rank))
    guard Self.worldSizes(fitting: microBatches, algorithm).contains(worldSize) else {
      throw DistributedError.worldSizeDoesNotFit(
        worldSize: worldSize, microBatches: microBatches, algorithm)
    }
    let share = microBatches / worldSize
    leaves = rank * share..<(rank + 1) * share
    groupLeaves = groups > worldSize ? microBatches / groups : nil
  }

  /// The buffers that `reduceLeaves` needs: ⌈log₂ K⌉ + 1.
  public var slotCount: Int {
    var slots = 1
    while 1 << (slots - 1) < leaves.count {
      slots += 1
    }
    return slots
  }

  /// Where this rank has several groups: the slot that the sum of the last one is in before it is added to others.
  public var lastGroupSlot: Int? {
    groupLeaves.map { (leaves.count / $0).trailingZeroBitCount }
  }

  /// Where this rank has several groups: the last of them.
  public var lastGroup: Int? { groupLeaves.map { (leaves.upperBound - 1) / $0 } }

  /// Computes this rank's leaves in order and sums them by the tree into slot 0.
  ///
  /// - Parameters:
  ///   - compute: Overwrites a slot with the values of a leaf.
  ///   - add: slot `into` = slot `into` + slot `from`; the left operand is `into`.
  public func reduceLeaves(
    compute: (_ leaf: Int, _ slot: Int) throws -> Void,
    add: (_ into: Int, _ from: Int) throws -> Void
  ) rethrows {
    try reduceLeaves(compute: compute, add: add, close: { _, _ in }) { leaf, slot in
      try compute(leaf, slot)
      for from in stride(from: slot, to: 0, by: -1) { try add(from - 1, from) }
    }
  }

  /// The same, in which the caller adds up what is left once the last leaf is there: part by part, as they become
  /// complete.
  ///
  /// - Parameters:
  ///   - compute: Overwrites a slot with the values of a leaf.
  ///   - add: slot `into` = slot `into` + slot `from`; the left operand is `into`.
  ///   - close: Is given a group whose sum is in a slot, before it is added to others; where this rank has several.
  ///   - finish: Overwrites a slot with the values of the last leaf, and adds slot to slot − 1, that to slot − 2,
  ///     down to slot 0. On the way the last group is to be closed, in `lastGroupSlot`.
  public func reduceLeaves(
    compute: (_ leaf: Int, _ slot: Int) throws -> Void,
    add: (_ into: Int, _ from: Int) throws -> Void,
    close: (_ group: Int, _ slot: Int) throws -> Void,
    finish: (_ leaf: Int, _ slot: Int) throws -> Void
  ) rethrows {
    try reduce(leaves, slot: 0, isLast: true, compute, add, close, finish)
  }

  /// - Parameter isLast: whether no leaf follows on those of this node.
  private func reduce(
    _ leaves: Range<Int>, slot: Int, isLast: Bool, _ compute: (Int, Int) throws -> Void,
    _ add: (Int, Int) throws -> Void, _ close: (Int, Int) throws -> Void,
    _ finish: (Int, Int) throws -> Void
  ) rethrows {
    if leaves.count > 1 {
      let middle = Self.midpoint(of: leaves)
      try reduce(leaves.lowerBound..<middle, slot: slot, isLast: false, compute, add, close, finish)
      try reduce(
        middle..<leaves.upperBound, slot: slot + 1, isLast: isLast, compute, add, close, finish)
      if !isLast { try add(slot, slot + 1) }
    } else if isLast {
      return try finish(leaves.lowerBound, slot)
    } else {
      try compute(leaves.lowerBound, slot)
    }
    if !isLast, leaves.count == groupLeaves { try close(leaves.lowerBound / leaves.count, slot) }
  }

  /// Where a node's leaves split.
  static func midpoint(of leaves: Range<Int>) -> Int {
    leaves.lowerBound + leaves.count / 2
  }

  /// The numbers of ranks that can share `microBatches`: the powers of two that divide it; of the vendor's sum, all
  /// that do.
  public static func worldSizes(
    fitting microBatches: Int, _ algorithm: ReductionAlgorithm = .exact
  ) -> [Int] {
    precondition(microBatches > 0)
    return switch algorithm {
    case .exact: (0...microBatches.trailingZeroBitCount).map { 1 << $0 }
    case .vendor: (1...microBatches).filter { microBatches % $0 == 0 }
    }
  }

  static func largestPowerOfTwo(notAbove count: Int) -> Int {
    1 << (Int.bitWidth - 1 - count.leadingZeroBitCount)
  }
}

/// The sum of `leaves` by the fixed tree: the definition that every faster way is held against.
///
/// - Shapes: M ≥ 1 leaves, all `[n]`; the result is `[n]`.
public func treeSum(leaves: [[Float]]) -> [Float] {
  precondition(!leaves.isEmpty, "a tree has at least one leaf")
  return treeSum(leaves[...])
}

private func treeSum(_ leaves: ArraySlice<[Float]>) -> [Float] {
  guard leaves.count > 1 else { return leaves[leaves.startIndex] }
  let middle = MicroBatchTree.midpoint(of: leaves.indices)
  return zip(treeSum(leaves[..<middle]), treeSum(leaves[middle...])).map { $0 + $1 }
}
