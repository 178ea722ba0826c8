import Distributed
import Foundation
import Nets

/// What sums gradients, when, and in which parts.
struct GradientSums {
  let reducer: GradientReducer
  let exchange: GradientExchange
  let buckets: GradientBuckets
}

extension Job {
  /// What sums a plan's gradients over the ranks, in buckets. Collective.
  ///
  /// - Parameters:
  ///   - memory: the plan's first slot.
  ///   - threads: of a rank's kernels.
  func makeExchange(
    of plan: TrainingPlan, in memory: GradientMemory, algorithm: ReductionAlgorithm,
    _ settings: CommunicationSection, threads: Int
  ) throws -> GradientSums {
    // The library's sum waits in a way that takes a core, and chooses its order by the size of a bucket.
    let isVendor = algorithm == .vendor
    let overlaps =
      try !(isVendor && settings.overlap == .auto)
      && agreesToOverlap(settings.overlap, threads: threads)
    let reducer = try GradientReducer(
      communicator: overlaps ? communicator.forGradients() : communicator, algorithm: algorithm,
      memory: memory, rounding: settings.rounding(count: plan.slotLayout.gradients.upperBound))
    let sizes =
      try settings.bucketMebibytes.map { BucketSizes(capacity: $0 << 20) }
      ?? (isVendor ? .usual : BucketSizes(fitting: .measure(reducer, communicator)))
    let buckets = plan.buckets(capacityBytes: sizes.capacity, lastBytes: sizes.last)
    try reducer.divide(into: buckets.ranges)
    return GradientSums(
      reducer: reducer, exchange: GradientExchange(reducer, overlaps: overlaps), buckets: buckets)
  }

  /// Whether sums go on beside the backward pass, the same on all ranks: two threads have to be allowed to call
  /// MPI, and something has to be free to be used, a core or a link between hosts.
  private func agreesToOverlap(
    _ choice: OverlapChoice, threads: Int
  ) throws -> Bool {
    guard communicator.worldSize > 1, communicator.threadLevel == .multiple else { return false }
    switch choice {
    case .on: return true
    case .off: return false
    case .auto: break
    }
    let isWithinHost = communicator.ranksOnHost == communicator.worldSize
    var hasNoCore: [Int32] = [coresOfRank > threads ? 0 : 1]
    try communicator.allReduceMaximum(&hasNoCore)
    return !isWithinHost || hasNoCore[0] == 0
  }

  /// The cores that this rank may use, or its share of those that all ranks of the host may.
  private var coresOfRank: Int {
    let allowed = ProcessInfo.processInfo.activeProcessorCount
    let online = ProcessInfo.processInfo.processorCount
    return allowed < online ? allowed : online / communicator.ranksOnHost
  }
}
