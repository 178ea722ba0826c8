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

  /// Sums a segment over the ranks at the first of some distances from each other, at twice that, …, below the last.
  /// Collective.
  ///
  /// - Parameter centre: is given the part that this rank has the sum of, `Halves.kept`, and makes of it what all get.
  /// - Throws: `MPIError`, what `centre` throws.
  func sum(
    _ elements: UnsafeMutablePointer<Float>, segment: Range<Int>, distances: Range<Int>,
    centre: (Range<Int>) throws -> Void = { _ in }
  ) throws {
    guard !distances.isEmpty else { return try centre(segment) }
    let distance = distances.lowerBound
    let halves = Halves(of: segment, rank: communicator.rank, distance: distance)
    try addPartnersPart(elements, halves)
    try sum(
      elements, segment: halves.kept, distances: 2 * distance..<distances.upperBound, centre: centre
    )
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
    try communicator.beginReceiving(
      into: scratch + place * chunkElements, count: part(chunk, of: halves.kept).count,
      of: aver_mpi_float(), from: halves.partner, requests + 2 * place)
    let sent = part(chunk, of: halves.sent)
    try communicator.beginSending(
      elements + sent.lowerBound, count: sent.count, of: aver_mpi_float(), to: halves.partner,
      requests + 2 * place + 1)
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
      try communicator.beginReceiving(
        into: elements + theirs.lowerBound, count: theirs.count, of: aver_mpi_float(),
        from: halves.partner, requests)
      try communicator.beginSending(
        elements + ours.lowerBound, count: ours.count, of: aver_mpi_float(), to: halves.partner,
        requests + 1)
      try wait(place: 0)
    }
  }

  /// The elements of a half at `offsets` from its start; none behind its end.
  private static func part(_ offsets: Range<Int>, of half: Range<Int>) -> Range<Int> {
    let shifted = half.lowerBound + offsets.lowerBound..<half.lowerBound + offsets.upperBound
    return shifted.clamped(to: half)
  }

  // MARK: - Messages

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

  /// What a rank has of a segment once it has been halved at some distances: the first, twice that, …, below the last.
  static func kept(of segment: Range<Int>, rank: Int, distances: Range<Int>) -> Range<Int> {
    guard !distances.isEmpty else { return segment }
    let halves = Halves(of: segment, rank: rank, distance: distances.lowerBound)
    return kept(
      of: halves.kept, rank: rank, distances: 2 * distances.lowerBound..<distances.upperBound)
  }
}
