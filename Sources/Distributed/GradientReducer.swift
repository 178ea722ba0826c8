import CMPI
import CVectorKernels

/// Sums flat float32 gradient buffers over all ranks, bucket by bucket, in place.
///
/// The exact sum is a reduce-scatter by distance doubling and the way back. With the partner at
/// distance 1, then 2, 4, …, a rank keeps one half of the segment it holds, sends the other half and
/// adds what it receives for its own, the lower rank's part on the left. Every element is thereby
/// summed by the tree in which neighbouring ranks come first, the upper part of `MicroBatchTree`
/// (classic recursive halving, which begins with rank ± W/2, would be another tree). On the way back
/// the same pairs exchange the summed halves in the reverse order.
///
/// - Source: Rabenseifner, "Optimization of collective reduction operations", ICCS 2004, with the
///   order of the distances reversed.
public final class GradientReducer {
  /// How this reducer sums.
  public let algorithm: ReductionAlgorithm
  /// Consecutive elements that are summed together. They cover the buffer.
  public let buckets: [Range<Int>]
  /// Elements of the buffers that this reducer sums.
  public let count: Int

  private let communicator: Communicator
  /// Elements of one message of the reduce-scatter.
  private let chunkElements: Int
  /// Where chunks are received, `[2, chunkElements]`: one is filled while the other is added.
  private let scratch: UnsafeMutablePointer<Float>
  /// Requests under way, `[2, 2]`: for each half of the scratch, the receiving and the sending one.
  private let requests: UnsafeMutablePointer<MPI_Request?>

  /// A reducer with everything that `allReduce` needs, allocated once.
  ///
  /// - Parameters:
  ///   - buckets: Ranges that cover `0..<count`, each element once, in any order.
  ///   - count: Elements of a buffer.
  ///   - chunkElements: Elements of one message; two of them are the memory this takes.
  /// - Throws: `DistributedError` for a world size that is not a power of two (exact only), or for
  ///   buckets that do not cover the buffer.
  public init(
    communicator: Communicator, algorithm: ReductionAlgorithm, buckets: [Range<Int>], count: Int,
    chunkElements: Int = 1 << 18
  ) throws {
    precondition(chunkElements > 0 && chunkElements <= Int(CInt.max))
    let worldSize = communicator.worldSize
    guard algorithm == .vendor || worldSize.nonzeroBitCount == 1 else {
      throw DistributedError.worldSizeNotPowerOfTwo(worldSize: worldSize)
    }
    guard Self.tile(buckets, count: count) else {
      throw DistributedError.bucketsDoNotTile(count: count)
    }
    self.communicator = communicator
    self.algorithm = algorithm
    self.buckets = buckets
    self.count = count
    self.chunkElements = min(chunkElements, communicator.largestTransfer)
    scratch = .allocate(capacity: 2 * self.chunkElements)
    scratch.initialize(repeating: 0, count: 2 * self.chunkElements)
    requests = .allocate(capacity: 4)
    requests.initialize(repeating: aver_mpi_request_null(), count: 4)
  }

  deinit {
    scratch.deallocate()
    requests.deallocate()
  }

  /// Sums `buffer` over all ranks, in place. Collective.
  ///
  /// - Shapes: `[count]`.
  /// - Determinism: with `exact`, bit-identical on all ranks and for any number of ranks.
  /// - Throws: `MPIError`, or `DistributedError.wrongBufferLength`.
  public func allReduce(_ buffer: UnsafeMutableBufferPointer<Float>) throws {
    for bucket in buckets.indices {
      try allReduce(buffer, bucket: bucket)
    }
  }

  /// Sums one bucket of `buffer` over all ranks, in place. Collective.
  ///
  /// - Throws: as `allReduce(_:)`.
  public func allReduce(_ buffer: UnsafeMutableBufferPointer<Float>, bucket: Int) throws {
    guard buffer.count == count else {
      throw DistributedError.wrongBufferLength(expected: count, actual: buffer.count)
    }
    guard let elements = buffer.baseAddress else { return }
    switch algorithm {
    case .exact: try sumExactly(elements, segment: buckets[bucket], distance: 1)
    case .vendor: try sumByVendor(elements, segment: buckets[bucket])
    }
  }

  // MARK: - Exact

  private func sumExactly(
    _ elements: UnsafeMutablePointer<Float>, segment: Range<Int>, distance: Int
  ) throws {
    guard distance < communicator.worldSize else { return }
    let halves = Halves(of: segment, rank: communicator.rank, distance: distance)
    try addPartnersPart(elements, halves)
    try sumExactly(elements, segment: halves.kept, distance: 2 * distance)
    try exchangeSums(elements, halves)
  }

  /// Sends the half that the partner keeps and adds the partner's values to our own half.
  ///
  /// A chunk travels while the one before it is added. Both partners cut both halves alike, so the
  /// messages match; a half that is shorter by a chunk has no message for it.
  private func addPartnersPart(
    _ elements: UnsafeMutablePointer<Float>, _ halves: Halves
  ) throws {
    let longer = max(halves.kept.count, halves.sent.count)
    let chunks = (longer + chunkElements - 1) / chunkElements
    if chunks > 0 {
      try post(chunk: 0, elements, halves)
    }
    for chunk in 0..<chunks {
      if chunk + 1 < chunks {
        try post(chunk: chunk + 1, elements, halves)
      }
      try wait(place: chunk % 2)
      add(chunk: chunk, elements, halves)
    }
  }

  private func post(
    chunk: Int, _ elements: UnsafeMutablePointer<Float>, _ halves: Halves
  ) throws {
    let place = chunk % 2
    try receive(
      into: scratch + place * chunkElements, count: part(chunk, of: halves.kept).count,
      from: halves.partner, request: 2 * place)
    let sent = part(chunk, of: halves.sent)
    try send(
      elements + sent.lowerBound, count: sent.count, to: halves.partner, request: 2 * place + 1)
  }

  private func add(chunk: Int, _ elements: UnsafeMutablePointer<Float>, _ halves: Halves) {
    let kept = part(chunk, of: halves.kept)
    let own = elements + kept.lowerBound
    let received = scratch + chunk % 2 * chunkElements
    if halves.isLowerRank {
      aver_sum_f32(own, own, received, kept.count)
    } else {
      aver_sum_f32(own, received, own, kept.count)
    }
  }

  /// The elements of chunk number `chunk` of a half; none behind its end.
  private func part(_ chunk: Int, of half: Range<Int>) -> Range<Int> {
    let start = min(half.lowerBound + chunk * chunkElements, half.upperBound)
    return start..<min(start + chunkElements, half.upperBound)
  }

  /// Gives the partner the finished sums of our half and takes the partner's, straight into place.
  private func exchangeSums(_ elements: UnsafeMutablePointer<Float>, _ halves: Halves) throws {
    let longer = max(halves.kept.count, halves.sent.count)
    try communicator.forEachTransfer(of: longer) { range in
      let theirs = Self.part(range, of: halves.sent)
      let ours = Self.part(range, of: halves.kept)
      try receive(
        into: elements + theirs.lowerBound, count: theirs.count, from: halves.partner, request: 0)
      try send(elements + ours.lowerBound, count: ours.count, to: halves.partner, request: 1)
      try wait(place: 0)
    }
  }

  /// The elements of a half at `offsets` from its start; none behind its end.
  private static func part(_ offsets: Range<Int>, of half: Range<Int>) -> Range<Int> {
    let shifted = half.lowerBound + offsets.lowerBound..<half.lowerBound + offsets.upperBound
    return shifted.clamped(to: half)
  }

  // MARK: - Vendor

  private func sumByVendor(
    _ elements: UnsafeMutablePointer<Float>, segment: Range<Int>
  ) throws {
    try communicator.forEachTransfer(of: segment.count) { range in
      let count = try communicator.transferCount(range.count)
      try communicator.waiting("MPI_Allreduce") {
        MPI_Allreduce(
          aver_mpi_in_place(), elements + segment.lowerBound + range.lowerBound, count,
          aver_mpi_float(), aver_mpi_sum(), communicator.handle)
      }
    }
  }

  // MARK: - Messages

  private func receive(
    into target: UnsafeMutablePointer<Float>, count: Int, from partner: Int, request: Int
  ) throws {
    guard count > 0 else { return }
    let code = MPI_Irecv(
      target, try communicator.transferCount(count), aver_mpi_float(), CInt(partner),
      MessageTag.gradients, communicator.handle, requests + request)
    try communicator.check("MPI_Irecv", code)
  }

  private func send(
    _ source: UnsafePointer<Float>, count: Int, to partner: Int, request: Int
  ) throws {
    guard count > 0 else { return }
    let code = MPI_Isend(
      source, try communicator.transferCount(count), aver_mpi_float(), CInt(partner),
      MessageTag.gradients, communicator.handle, requests + request)
    try communicator.check("MPI_Isend", code)
  }

  /// Waits for the receiving and the sending request of one half of the scratch. A request that was
  /// not posted is null, and waiting for it returns at once.
  private func wait(place: Int) throws {
    for request in 2 * place..<2 * place + 2 {
      try communicator.waiting("MPI_Wait") { MPI_Wait(requests + request, nil) }
    }
  }

  private static func tile(_ buckets: [Range<Int>], count: Int) -> Bool {
    var end = 0
    for bucket in buckets.filter({ !$0.isEmpty }).sorted(by: { $0.lowerBound < $1.lowerBound }) {
      guard bucket.lowerBound == end else { return false }
      end = bucket.upperBound
    }
    return end == count
  }
}

/// How two partners at a distance share a segment: the lower rank keeps the first half.
struct Halves: Equatable {
  let partner: Int
  /// What this rank goes on with.
  let kept: Range<Int>
  /// What the partner goes on with.
  let sent: Range<Int>
  /// This rank's values are the left operand.
  let isLowerRank: Bool

  init(of segment: Range<Int>, rank: Int, distance: Int) {
    let middle = segment.lowerBound + segment.count / 2
    let first = segment.lowerBound..<middle
    let second = middle..<segment.upperBound
    partner = rank ^ distance
    isLowerRank = rank & distance == 0
    (kept, sent) = isLowerRank ? (first, second) : (second, first)
  }
}
