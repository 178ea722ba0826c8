import CMPI
import CVectorKernels

/// The exact sum over ranks that send each other messages: a reduce-scatter by distance doubling and the way back.
///
/// With the partner at a distance, then at twice that, …, a rank keeps one half of the segment it holds, sends the
/// other half and adds what it receives for its own, the lower rank's part on the left. Every element is thereby
/// summed by the tree in which neighbouring ranks come first, the upper part of `MicroBatchTree` (classic recursive
/// halving, which begins with rank ± W/2, would be another tree). On the way back the same pairs exchange the summed
/// halves in the reverse order.
///
/// - Source: Rabenseifner, "Optimization of collective reduction operations", ICCS 2004, with the
///   order of the distances reversed.
final class DistanceDoubling {
  private let communicator: Communicator
  /// Elements of one message of the reduce-scatter.
  private let chunkElements: Int
  /// Where chunks are received, `[2, chunkElements]`: one is filled while the other is added.
  private let scratch: UnsafeMutablePointer<Float>
  /// Requests under way, `[2, 2]`: for each half of the scratch, the receiving and the sending one.
  private let requests: UnsafeMutablePointer<MPI_Request?>

  /// - Parameter chunkElements: elements of one message; two of them are the memory this takes.
  init(communicator: Communicator, chunkElements: Int) {
    precondition(chunkElements > 0 && chunkElements <= Int(CInt.max))
    self.communicator = communicator
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

  /// Sums a segment over the ranks that are `distance`, 2 · `distance`, … from each other. Collective.
  ///
  /// - Throws: `MPIError`.
  func sum(
    _ elements: UnsafeMutablePointer<Float>, segment: Range<Int>, distance: Int
  ) throws {
    guard distance < communicator.worldSize else { return }
    let halves = Halves(of: segment, rank: communicator.rank, distance: distance)
    try addPartnersPart(elements, halves)
    try sum(elements, segment: halves.kept, distance: 2 * distance)
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
      try communicator.waiting(.messages) { communicator.complete(requests + request) }
    }
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
