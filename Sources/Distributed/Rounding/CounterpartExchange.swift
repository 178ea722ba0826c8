import CMPI
import CVectorKernels

/// The sum over the ranks that are the counterparts of each other in all groups, of values that are bfloat16 already,
/// as half as long messages: each rank receives its part of the segment from all others at once, sums it in float32
/// by the tree, and gives the others what has become of it.
final class CounterpartExchange {
  private let communicator: Communicator
  /// Ranks of a group: the distance of neighbouring counterparts.
  private let groupSize: Int
  private let groups: Int
  private let group: Int
  /// This rank's place in its group.
  private let place: Int

  /// Elements that one counterpart has a part of; grows to what is asked for.
  private var capacity = 0
  /// Parts of the counterparts, `[groups, capacity]` each: what this rank had of them, and what they had of its own.
  private var sent: UnsafeMutablePointer<UInt16>
  private var received: UnsafeMutablePointer<UInt16>
  /// Requests under way, `[2, groups]`: receiving and sending.
  private let requests: UnsafeMutablePointer<MPI_Request?>

  /// A block of each counterpart in float32, `[groups, block]`, and where each begins.
  private let blocks: UnsafeMutablePointer<Float>
  private let sources: [UnsafePointer<Float>?]
  private static let block = 1024

  init(communicator: Communicator, groupSize: Int, groups: Int) {
    self.communicator = communicator
    (self.groupSize, self.groups) = (groupSize, groups)
    (group, place) = communicator.rank.quotientAndRemainder(dividingBy: groupSize)
    sent = .allocate(capacity: 0)
    received = .allocate(capacity: 0)
    requests = .allocate(capacity: 2 * groups)
    requests.initialize(repeating: aver_mpi_request_null(), count: 2 * groups)
    let blocks = UnsafeMutablePointer<Float>.allocate(capacity: groups * Self.block)
    self.blocks = blocks
    sources = (0..<groups).map { UnsafePointer(blocks + $0 * Self.block) }
  }

  deinit {
    sent.deallocate()
    received.deallocate()
    requests.deallocate()
    blocks.deallocate()
  }

  /// Sums a segment over the counterparts. Collective.
  ///
  /// - Parameters:
  ///   - elements: bfloat16 values, as float32.
  ///   - centre: is given the part that this rank has the sum of, and leaves bfloat16 values in it.
  /// - Throws: `MPIError`, what `centre` throws.
  func sum(
    _ elements: UnsafeMutablePointer<Float>, segment: Range<Int>,
    centre: (Range<Int>) throws -> Void
  ) throws {
    makeRoom(for: segment)
    for other in 0..<groups {
      pack(
        elements, segment.lines(part: other, of: groups), to: other == group ? received : sent,
        other)
    }
    let own = segment.lines(part: group, of: groups)
    try exchange(receive: { _ in own.count }, into: received) { other in
      (sent + other * capacity, segment.lines(part: other, of: groups).count)
    }
    addUp(into: elements + own.lowerBound, count: own.count)
    try centre(own)
    pack(elements, own, to: received, group)
    try exchange(
      receive: { segment.lines(part: $0, of: groups).count }, into: sent
    ) { _ in (received + group * capacity, own.count) }
    for other in 0..<groups where other != group {
      let part = segment.lines(part: other, of: groups)
      aver_widen_bf16(elements + part.lowerBound, sent + other * capacity, part.count)
    }
  }

  // MARK: - Parts

  private func makeRoom(for segment: Range<Int>) {
    let needed = (0..<groups).reduce(0) { max($0, segment.lines(part: $1, of: groups).count) }
    guard needed > capacity else { return }
    capacity = needed
    sent.deallocate()
    received.deallocate()
    sent = .allocate(capacity: groups * capacity)
    received = .allocate(capacity: groups * capacity)
  }

  private func pack(
    _ elements: UnsafeMutablePointer<Float>, _ part: Range<Int>,
    to target: UnsafeMutablePointer<UInt16>, _ place: Int
  ) {
    aver_round_bf16(target + place * capacity, elements + part.lowerBound, part.count)
  }

  /// The sum of what was received and what this rank had itself, by the tree.
  private func addUp(into result: UnsafeMutablePointer<Float>, count: Int) {
    for start in stride(from: 0, to: count, by: Self.block) {
      let length = min(Self.block, count - start)
      for other in 0..<groups {
        aver_widen_bf16(blocks + other * Self.block, received + other * capacity + start, length)
      }
      var target: UnsafeMutablePointer<Float>? = result + start
      aver_tree_sum_f32(&target, 1, sources, groups, 0, length)
    }
  }

  /// Sends each counterpart something and receives something from each.
  ///
  /// Counterparts begin with different ones, so that not all of them send to the same at first.
  private func exchange(
    receive count: (Int) -> Int, into target: UnsafeMutablePointer<UInt16>,
    send source: (Int) -> (UnsafeMutablePointer<UInt16>, Int)
  ) throws {
    try communicator.forEachTransfer(of: capacity) { range in
      for step in 1..<max(1, groups) {
        let other = group ^ step
        let (values, sending) = source(other)
        let receiving = range.clamped(to: 0..<count(other))
        try communicator.beginReceiving(
          into: target + other * capacity + receiving.lowerBound, count: receiving.count,
          of: aver_mpi_uint16(), from: other * groupSize + place, requests + other)
        let part = range.clamped(to: 0..<sending)
        try communicator.beginSending(
          values + part.lowerBound, count: part.count, of: aver_mpi_uint16(),
          to: other * groupSize + place, requests + groups + other)
      }
      for request in 0..<2 * groups {
        try communicator.waiting(.messages) { communicator.complete(requests + request) }
      }
    }
  }
}
