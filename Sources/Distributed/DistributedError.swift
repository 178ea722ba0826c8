/// What callers of this module can ask for and not get.
public enum DistributedError: Error, Equatable, CustomStringConvertible {
  /// The fixed tree needs a power of two of ranks that divides the number of micro-batches, the vendor's sum any
  /// number that does.
  case worldSizeDoesNotFit(
    worldSize: Int, microBatches: Int, _ algorithm: ReductionAlgorithm = .exact)
  /// The exact reduction needs a power of two of ranks.
  case worldSizeNotPowerOfTwo(worldSize: Int)
  /// The buckets do not cover every element of the buffer exactly once.
  case bucketsDoNotTile(count: Int)
  /// There is no memory for what rounding leaves out.
  case noMemory(bytes: Int)
  /// The communicator is asked for after MPI has ended, which MPI does not allow.
  case alreadyFinalized

  /// The cause, and what to do about it.
  public var description: String {
    switch self {
    case .worldSizeDoesNotFit(let worldSize, let microBatches, let algorithm):
      let fitting = MicroBatchTree.worldSizes(fitting: microBatches, algorithm).map(String.init)
      let other =
        algorithm == .exact && microBatches % worldSize == 0
        ? "; reduction: vendor takes \(worldSize), with other bits on other numbers" : ""
      return """
        \(worldSize) ranks cannot share a global batch of \(microBatches) micro-batches: start \
        \(fitting.joined(separator: ", ")) rank\(fitting == ["1"] ? "" : "s"), or change \
        batch.global or batch.micro\(other)
        """
    case .worldSizeNotPowerOfTwo(let worldSize):
      let lower = MicroBatchTree.largestPowerOfTwo(notAbove: worldSize)
      return """
        the exact reduction needs a power of two of ranks, not \(worldSize): start \(lower) or \
        \(2 * lower), or set reduction to vendor
        """
    case .bucketsDoNotTile(let count):
      return "the gradient buckets do not cover each of the \(count) elements exactly once"
    case .noMemory(let bytes):
      return """
        no memory for \(bytes >> 20) MiB of what rounding leaves out of gradients: start fewer ranks \
        a node, or set communication.wire to float32
        """
    case .alreadyFinalized:
      return "MPI has already been finalized in this process and cannot start again"
    }
  }

  /// Whether it is the number of ranks that is refused: every rank comes to that alike.
  public var isAboutWorldSize: Bool {
    switch self {
    case .worldSizeNotPowerOfTwo, .worldSizeDoesNotFit: true
    default: false
    }
  }
}
