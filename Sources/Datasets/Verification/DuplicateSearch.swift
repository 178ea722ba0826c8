/// Finds items of the same content, within a split and in several.
///
/// Memory is 24 bytes an item.
struct DuplicateSearch {
  /// What no digest is, in practice: an item that could not be read.
  private static let unknown = SIMD2<UInt64>.zero

  private let parts: [VerifiedPart]
  private let firstItems: [Int]
  private var digests: [SIMD2<UInt64>]

  init(_ parts: [VerifiedPart]) {
    self.parts = parts
    firstItems = parts.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.itemCount) }
    digests = Array(repeating: Self.unknown, count: firstItems[parts.count])
  }

  /// Takes note of an item's content.
  mutating func add(_ digest: SIMD2<UInt64>, part: Int, item: Int) {
    digests[firstItems[part] + item] = digest
  }

  /// Gives each item whose content came before, in the order of the lists.
  func forEachDuplicate(_ body: (Finding) throws -> Void) throws {
    let firsts = firstOfContent()
    for index in digests.indices where Int(firsts[index]) != index {
      if let finding = finding(index, sameAs: Int(firsts[index])) { try body(finding) }
    }
  }

  /// For each item the first with its content.
  private func firstOfContent() -> [UInt32] {
    var order = Array(0..<UInt32(digests.count))
    order.sort { left, right in
      let (one, other) = (digests[Int(left)], digests[Int(right)])
      return (one.x, one.y, left) < (other.x, other.y, right)
    }
    var firsts = Array(0..<UInt32(digests.count))
    for (previous, index) in zip(order, order.dropFirst()) {
      let digest = digests[Int(index)]
      if digest != Self.unknown && digest == digests[Int(previous)] {
        firsts[Int(index)] = firsts[Int(previous)]
      }
    }
    return firsts
  }

  private func finding(_ index: Int, sameAs first: Int) -> Finding? {
    let ((part, item), (otherPart, other)) = (located(index), located(first))
    let (name, otherName) = (parts[part].report.name, parts[otherPart].report.name)
    // Parts of one recording and faces of one photograph are not the same sample.
    if item.kind == .sound && item.seconds != other.seconds { return nil }
    if name == otherName && item.path == other.path && item.box != other.box { return nil }
    guard name != otherName else {
      return item.finding(.duplicate, "\(item.path): the same content as \(other.place)")
    }
    return item.finding(
      .leak, "\(item.path): in \(name), the same content as \(other.place) in \(otherName)")
  }

  private func located(_ index: Int) -> (part: Int, item: MediaItem) {
    // Parts without items begin where the next one does: the last of them holds the item.
    let part = firstItems.lastIndex { $0 <= index } ?? 0
    return (part, parts[part].item(index - firstItems[part]))
  }
}
