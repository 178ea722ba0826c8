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
  public let buckets: [Range<Int>]
  /// What is summed.
  public let memory: GradientMemory

  private let communicator: Communicator
  private let messages: DistanceDoubling

  /// A reducer with everything that `allReduce` needs, allocated once.
  ///
  /// - Parameters:
  ///   - memory: What is summed.
  ///   - buckets: Ranges that cover the vector, each element once, in any order.
  ///   - chunkElements: Elements of one message; two of them are the memory this takes.
  /// - Throws: `DistributedError` for a world size that is not a power of two (exact only), or for
  ///   buckets that do not cover the vector.
  public init(
    communicator: Communicator, algorithm: ReductionAlgorithm, memory: GradientMemory,
    buckets: [Range<Int>], chunkElements: Int = 1 << 18
  ) throws {
    let worldSize = communicator.worldSize
    guard algorithm == .vendor || worldSize.nonzeroBitCount == 1 else {
      throw DistributedError.worldSizeNotPowerOfTwo(worldSize: worldSize)
    }
    guard Self.tile(buckets, count: memory.values.count) else {
      throw DistributedError.bucketsDoNotTile(count: memory.values.count)
    }
    self.communicator = communicator
    self.algorithm = algorithm
    self.memory = memory
    self.buckets = buckets
    messages = DistanceDoubling(communicator: communicator, chunkElements: chunkElements)
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
    guard let elements = memory.values.baseAddress, !buckets[bucket].isEmpty else { return }
    switch algorithm {
    case .exact: try sumExactly(elements, segment: buckets[bucket])
    case .vendor: try sumByVendor(elements, segment: buckets[bucket])
    }
  }

  private func sumExactly(_ elements: UnsafeMutablePointer<Float>, segment: Range<Int>) throws {
    guard memory.isShared else { return try messages.sum(elements, segment: segment, distance: 1) }
    let part = memory.ownPart(of: segment)
    let isWhole = memory.sharers == communicator.worldSize
    try memory.meet()
    memory.sum(part, intoAll: isWhole)
    if !isWhole {
      try messages.sum(elements, segment: part, distance: memory.sharers)
      memory.giveToOthers(part)
    }
    try memory.meet()
  }

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

  private static func tile(_ buckets: [Range<Int>], count: Int) -> Bool {
    var end = 0
    for bucket in buckets.filter({ !$0.isEmpty }).sorted(by: { $0.lowerBound < $1.lowerBound }) {
      guard bucket.lowerBound == end else { return false }
      end = bucket.upperBound
    }
    return end == count
  }
}
