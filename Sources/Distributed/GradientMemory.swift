import CNodeFlags
import CVectorKernels
import Glibc

/// A rank's vector of float32 that is summed over all ranks. Where a node has several, it lies where all of them
/// read and write it, so that nothing has to be copied.
public final class GradientMemory {
  /// Why ranks of a node do not see each other's vectors.
  public enum Obstacle: Int32, Sendable {
    /// Nodes have different numbers of ranks.
    case unlikeNodes = 2
    /// Their number on a node is no power of two.
    case unevenNumber
    /// /dev/shm is too small for a node's vectors.
    case noRoom
  }

  /// This rank's vector, zeros at first, on a page boundary. Shapes: `[count]`.
  public let values: UnsafeMutableBufferPointer<Float>

  /// What keeps ranks of a node from sharing; nil where they do, or where there is one a node. The same on all ranks.
  public let obstacle: Obstacle?

  private let communicator: Communicator
  private let window: SharedWindow?
  /// Memory that no other rank sees.
  private let own: UnsafeMutableRawPointer?
  /// The vectors of the ranks that share them, in their order, as what is read and what is written.
  private let sources: [UnsafePointer<Float>?]
  private let results: [UnsafeMutablePointer<Float>?]
  /// This rank's place among them.
  private let place: Int
  /// Where each of these ranks lays short parts down, by turns in two places, as what is read.
  private let stages: [[UnsafePointer<Float>?]]
  private let ownStages: [UnsafeMutablePointer<Float>]
  private var stagings = 0
  /// How often each of these ranks has come to a meeting.
  private let flags: [UnsafeMutablePointer<aver_node_flag>]
  private var meetings: UInt32 = 0
  /// How often a flag is looked at before this rank sleeps: never where there are more ranks than cores.
  private let spins: UInt32

  /// A rank's flag, alone on its page, before its stages and its vector.
  private static let page = 4096
  /// Elements of a short part: what takes less time than a meeting.
  static let stageElements = 4096
  private static let stageBytes = stageElements * MemoryLayout<Float>.stride
  private static let hugePage = 2 << 20

  /// Allocates a vector on each rank. Collective.
  ///
  /// - Parameters:
  ///   - count: elements, the same on all ranks.
  ///   - isShared: whether the ranks of a node see each other's. They do not where nodes have different numbers of
  ///     ranks, numbers that are no powers of two, or too little room.
  /// - Throws: `MPIError`.
  public init(communicator: Communicator, count: Int, isShared: Bool = true) throws {
    self.communicator = communicator
    let node = communicator.node
    let start = Self.page + 2 * Self.stageBytes
    let byteCount = start + max(count, 1) * MemoryLayout<Float>.stride
    var keepsToItself: [Int32] = [isShared && node.size > 1 ? 0 : 1]
    if let obstacle = node.obstacle(byteCount: byteCount) { keepsToItself = [obstacle.rawValue] }
    try communicator.allReduceMaximum(&keepsToItself)
    obstacle = Obstacle(rawValue: keepsToItself[0])
    let parts: [UnsafeMutableRawPointer]
    if keepsToItself[0] == 0 {
      let shared = try SharedWindow(communicator: communicator, byteCount: byteCount)
      (window, own, parts) = (shared, nil, shared.parts)
    } else {
      let memory = UnsafeMutableRawPointer.allocate(
        byteCount: byteCount, alignment: byteCount >= Self.hugePage ? Self.hugePage : Self.page)
      (window, own, parts) = (nil, memory, [memory])
    }
    // A hint: where there are none, or not for shared memory, small pages do.
    for part in parts { madvise(part, byteCount, MADV_HUGEPAGE) }
    place = window == nil ? 0 : node.rank
    parts[place].initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    flags = parts.map { $0.assumingMemoryBound(to: aver_node_flag.self) }
    spins = node.size <= sysconf(Int32(_SC_NPROCESSORS_ONLN)) ? 2000 : 0
    let staged = [0, 1].map { turn in
      parts.map { ($0 + Self.page + turn * Self.stageBytes).assumingMemoryBound(to: Float.self) }
    }
    stages = staged.map { $0.map { UnsafePointer($0) } }
    ownStages = staged.map { [place] in $0[place] }
    let vectors = parts.map { ($0 + start).assumingMemoryBound(to: Float.self) }
    (sources, results) = (vectors.map { UnsafePointer($0) }, vectors)
    values = UnsafeMutableBufferPointer(start: vectors[place], count: count)
    // Nobody's flag is heard before it is zero.
    try communicator.barrier()
  }

  deinit { own?.deallocate() }

  /// Gives shared memory back before the process ends. Collective; nothing may use the vector any more.
  ///
  /// - Throws: `MPIError`.
  public func free() throws { try window?.free() }

  // MARK: - The ranks that share

  /// How many ranks see each other's vectors, this one included.
  var sharers: Int { results.count }
  /// Whether other ranks see this rank's.
  var isShared: Bool { window != nil }

  /// What this rank does of a segment for those that it shares with: whole cache lines.
  func ownPart(of segment: Range<Int>) -> Range<Int> {
    segment.lines(part: place, of: sharers)
  }

  /// Waits until all that share have come here as often. What they wrote before can be read after.
  ///
  /// - Parameter lane: of the thread that waits.
  func meet(_ lane: Lane) {
    meetings &+= 1
    aver_node_flag_say(flags[place], meetings)
    lane.waiting(for: .node) {
      for flag in flags {
        while !aver_node_flag_await(flag, meetings, spins) {}
      }
    }
  }

  /// Sums a part of all vectors by the tree, into all of them or into this rank's.
  func sum(_ part: Range<Int>, intoAll: Bool) {
    results.withUnsafeBufferPointer { results in
      let targets = intoAll ? results[...] : results[place...place]
      aver_tree_sum_f32(
        UnsafeBufferPointer(rebasing: targets).baseAddress, targets.count, sources, sharers,
        part.lowerBound, part.count)
    }
  }

  /// Sums a short part of the vectors of all that share, into all of them, with a single meeting: each lays its own
  /// down and sums those of all by itself.
  ///
  /// What was laid down the time before last has been read by all: they have come to the last meeting since.
  func sumShort(_ part: Range<Int>, _ lane: Lane) {
    guard let own = values.baseAddress else { return }
    ownStages[stagings].update(from: own + part.lowerBound, count: part.count)
    meet(lane)
    var target: UnsafeMutablePointer<Float>? = own + part.lowerBound
    aver_tree_sum_f32(&target, 1, stages[stagings], sharers, 0, part.count)
    stagings = 1 - stagings
  }

  /// The vectors of some of the ranks that share, in their order.
  func vectors(_ places: some Sequence<Int>) -> [UnsafePointer<Float>?] {
    places.map { sources[$0] }
  }

  /// Sums a part of some vectors by the tree into this rank's.
  func sum(_ part: Range<Int>, of vectors: [UnsafePointer<Float>?]) {
    results.withUnsafeBufferPointer { results in
      aver_tree_sum_f32(
        UnsafeBufferPointer(rebasing: results[place...place]).baseAddress, 1, vectors,
        vectors.count, part.lowerBound, part.count)
    }
  }

  /// Copies a part of this rank's vector into all others.
  func giveToOthers(_ part: Range<Int>) {
    guard let own = values.baseAddress else { return }
    for (index, result) in results.enumerated() where index != place {
      result.map { ($0 + part.lowerBound).update(from: own + part.lowerBound, count: part.count) }
    }
  }
}

extension Node {
  /// What keeps this node's ranks from sharing vectors of so many bytes; nil where nothing does.
  fileprivate func obstacle(byteCount: Int) -> GradientMemory.Obstacle? {
    if !isLikeOthers { return .unlikeNodes }
    if size.nonzeroBitCount != 1 { return .unevenNumber }
    return SharedWindow.hasRoom(for: size * byteCount) ? nil : .noRoom
  }
}
