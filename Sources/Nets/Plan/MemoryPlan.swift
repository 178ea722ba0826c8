/// Places buffers in one arena so that buffers which are never alive together share memory.
///
/// A buffer is alive from the first step that touches it to the last. The largest are placed first,
/// each at the lowest offset where it overlaps no buffer alive at the same time.
///
/// - Source: Y. Pisarchyk and J. Lee, "Efficient memory management for deep neural net inference",
///   2020 ("greedy by size").
struct MemoryPlan {
  /// Cache lines and the widest vectors are 64 bytes.
  static let alignment = 64

  /// Offset of each buffer, in bytes; 0 for buffers that no step touches.
  private(set) var offsets: [Int]
  /// Size of the arena, in bytes.
  private(set) var byteCount = 0

  /// - Parameters:
  ///   - sizes: bytes of each buffer.
  ///   - lifetimes: first and last step of each buffer; nil for buffers that no step touches.
  init(sizes: [Int], lifetimes: [ClosedRange<Int>?]) {
    precondition(sizes.count == lifetimes.count)
    offsets = Array(repeating: 0, count: sizes.count)
    let order = sizes.indices.filter { lifetimes[$0] != nil }
      // Ties by index: the same plan gives the same arena every time.
      .sorted { (sizes[$1], $0) < (sizes[$0], $1) }
    var placed: [Int] = []
    for buffer in order {
      let neighbours = placed.filter { Self.overlap(lifetimes[$0], lifetimes[buffer]) }
      offsets[buffer] = Self.lowestOffset(
        for: sizes[buffer], between: neighbours.map { (offsets[$0], sizes[$0]) })
      byteCount = max(byteCount, offsets[buffer] + sizes[buffer])
      placed.append(buffer)
    }
  }

  private static func overlap(_ left: ClosedRange<Int>?, _ right: ClosedRange<Int>?) -> Bool {
    guard let left, let right else { return false }
    return left.overlaps(right)
  }

  private static func lowestOffset(
    for size: Int, between neighbours: [(offset: Int, size: Int)]
  ) -> Int {
    var offset = 0
    for neighbour in neighbours.sorted(by: { $0.offset < $1.offset }) {
      if offset + size <= neighbour.offset { break }
      offset = max(offset, aligned(neighbour.offset + neighbour.size))
    }
    return offset
  }

  /// `bytes` rounded up to whole units of `alignment`.
  static func aligned(_ bytes: Int) -> Int {
    (bytes + alignment - 1) / alignment * alignment
  }
}

extension PlanBuilder {
  /// First and last step that touches each buffer; persistent ones live from start to end.
  func lifetimes() -> [ClosedRange<Int>?] {
    var lifetimes = [ClosedRange<Int>?](repeating: nil, count: bufferBytes.count)
    for (index, step) in steps.enumerated() {
      for case .buffer(let buffer) in step.operands.map(\.place.whole) {
        let first = lifetimes[buffer]?.lowerBound ?? index
        lifetimes[buffer] = first...index
      }
    }
    for buffer in persistentBuffers { lifetimes[buffer] = 0...max(steps.count - 1, 0) }
    return lifetimes
  }
}
