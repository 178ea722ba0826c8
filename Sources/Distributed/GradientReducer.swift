import CMPI
import CVectorKernels

/// Sums the ranks' flat float32 gradients, bucket by bucket, in place.
///
/// The exact sum goes neighbours first: over the ranks of a node in the memory that they share, each of them a part
/// of the bucket for all, and over nodes by `DistanceDoubling`, each part with its counterparts. Where memory is not
/// shared, or nodes have different numbers of ranks, all of it is by distance doubling: the same bits.
public final class GradientReducer {
  /// How this reducer sums.
  public let algorithm: ReductionAlgorithm
  /// Consecutive elements that are summed together. They cover the vector.
  public private(set) var buckets: [Range<Int>]
  /// What is summed.
  public let memory: GradientMemory
  /// Bytes that this rank has sent in messages.
  public var bytesSent: Int { communicator.bytesSent }
  /// What rounding has left out; nil where nothing is rounded.
  public var feedback: ErrorFeedback? { rounded?.feedback }

  private let communicator: Communicator
  /// Nil where no sum needs messages.
  private let messages: DistanceDoubling?
  /// Nil where nothing is rounded.
  private let rounded: RoundedSum?

  /// A reducer with everything that `allReduce` needs, allocated once.
  ///
  /// - Parameters:
  ///   - memory: What is summed.
  ///   - rounding: How gradients are rounded (exact only); nil for not at all.
  ///   - buckets: Ranges that cover the vector, each element once, in any order; nil for one.
  ///   - chunkElements: Elements of one message; two of them are the memory this takes.
  /// - Throws: `DistributedError` for a world size that is not a power of two (exact only), or for
  ///   buckets that do not cover the vector.
  public init(
    communicator: Communicator, algorithm: ReductionAlgorithm, memory: GradientMemory,
    rounding: GradientRounding? = nil, buckets: [Range<Int>]? = nil, chunkElements: Int = 1 << 18
  ) throws {
    let worldSize = communicator.worldSize
    guard algorithm == .vendor || worldSize.nonzeroBitCount == 1 else {
      throw DistributedError.worldSizeNotPowerOfTwo(worldSize: worldSize)
    }
    self.communicator = communicator
    self.algorithm = algorithm
    self.memory = memory
    self.buckets = [0..<memory.values.count]
    let isWithinMemory = memory.isShared && memory.sharers == worldSize
    let messages =
      algorithm == .vendor || isWithinMemory
      ? nil : DistanceDoubling(communicator: communicator, chunkElements: chunkElements)
    self.messages = messages
    precondition(rounding == nil || algorithm == .exact, "only the exact sum is rounded")
    rounded = try rounding.map { try RoundedSum($0, communicator, memory, messages: messages) }
    if let buckets { try divide(into: buckets) }
  }

  /// Divides the vector into other buckets.
  ///
  /// - Throws: `DistributedError.bucketsDoNotTile` for buckets that do not cover the vector.
  public func divide(into buckets: [Range<Int>]) throws {
    guard Self.tile(buckets, count: memory.values.count) else {
      throw DistributedError.bucketsDoNotTile(count: memory.values.count)
    }
    self.buckets = buckets
  }

  /// Sums everything over all ranks, in place. Collective.
  ///
  /// - Determinism: with `exact`, bit-identical on all ranks and for any number of ranks.
  /// - Throws: `MPIError`.
  public func allReduce() throws {
    for bucket in buckets.indices {
      try allReduce(bucket: bucket)
    }
  }

  /// Sums one bucket over all ranks, in place. Collective.
  ///
  /// - Throws: as `allReduce()`.
  public func allReduce(bucket: Int) throws {
    guard let recorder = communicator.lane.recorder else { return try sum(buckets[bucket]) }
    let start = MonotonicClock.nanoseconds
    try sum(buckets[bucket])
    recorder.add(.sum, UInt64(bucket), from: start, to: MonotonicClock.nanoseconds)
  }

  /// Gives a communicator of its own back. Collective.
  func free() throws { try communicator.free() }

  /// Brings what rounding has left out to the ranks that write it down: of a group to its first rank, of the sum over
  /// all to rank 0. Collective, while nothing is summed.
  ///
  /// - Parameter communicator: the calling thread's, of the same ranks.
  /// - Throws: `MPIError`.
  public func collectErrors(through communicator: Communicator) throws {
    try rounded?.collectErrors(of: buckets, through: communicator)
  }

  /// Sums a part of the vector over all ranks, in place. Collective.
  func sum(_ segment: Range<Int>) throws {
    guard let elements = memory.values.baseAddress, !segment.isEmpty else { return }
    communicator.lane.beginCollective()
    switch algorithm {
    case .exact:
      guard let rounded else { return try sumExactly(elements, segment: segment) }
      let end = min(max(segment.lowerBound, rounded.feedback.rounding.count), segment.upperBound)
      if segment.lowerBound < end {
        try rounded.sum(elements, segment: segment.lowerBound..<end)
      }
      if end < segment.upperBound {
        try sumExactly(elements, segment: end..<segment.upperBound)
      }
    case .vendor: try sumByVendor(elements, segment: segment)
    }
  }

  private func sumExactly(_ elements: UnsafeMutablePointer<Float>, segment: Range<Int>) throws {
    guard memory.isShared else {
      return try messages?.sum(
        elements, segment: segment, distances: 1..<communicator.worldSize) ?? ()
    }
    let part = memory.ownPart(of: segment)
    let isWhole = memory.sharers == communicator.worldSize
    if isWhole, segment.count <= GradientMemory.stageElements {
      return memory.sumShort(segment, communicator.lane)
    }
    memory.meet(communicator.lane)
    memory.sum(part, intoAll: isWhole)
    if let messages {
      try messages.sum(
        elements, segment: part, distances: memory.sharers..<communicator.worldSize)
      memory.giveToOthers(part)
    }
    memory.meet(communicator.lane)
  }

  private func sumByVendor(
    _ elements: UnsafeMutablePointer<Float>, segment: Range<Int>
  ) throws {
    try communicator.forEachTransfer(of: segment.count) { range in
      let count = try communicator.transferCount(range.count)
      try communicator.waiting(.allReduce) {
        MPI_Allreduce(
          aver_mpi_in_place(), elements + segment.lowerBound + range.lowerBound, count,
          aver_mpi_float(), aver_mpi_sum(), communicator.handle)
      }
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
