/// What a sum over all ranks costs here, as far as a straight line tells it.
public struct CommunicationCost: Equatable, Sendable {
  /// Seconds of a sum, however small.
  public var latency: Double
  /// Seconds of each further byte of a rank's vector.
  public var secondsPerByte: Double

  /// A cost from its parts.
  public init(latency: Double, secondsPerByte: Double) {
    (self.latency, self.secondsPerByte) = (latency, secondsPerByte)
  }

  /// Measures sums of a small and of a large part of a vector of zeros, for a few milliseconds. Collective.
  ///
  /// - Returns: the same on all ranks: what the slowest has seen.
  /// - Throws: `MPIError`.
  public static func measure(_ reducer: GradientReducer, _ communicator: Communicator) throws
    -> CommunicationCost
  {
    let count = reducer.memory.values.count
    let small = 0..<min(count, 1 << 10)
    let large = 0..<min(count, 1 << 20)
    let times = try [small, large].map { try fastest(of: $0, reducer, communicator) }
    let bytes = Double((large.count - small.count) * MemoryLayout<Float>.stride)
    return CommunicationCost(
      latency: times[0], secondsPerByte: bytes > 0 ? max(0, times[1] - times[0]) / bytes : 0)
  }

  /// The fastest of some sums: what disturbs a measurement makes it longer.
  private static func fastest(
    of segment: Range<Int>, _ reducer: GradientReducer, _ communicator: Communicator
  ) throws -> Double {
    var nanoseconds = [Int32.max]
    for _ in 0..<repetitions {
      try communicator.barrier()
      let start = MonotonicClock.nanoseconds
      try reducer.sum(segment)
      nanoseconds[0] = min(
        nanoseconds[0], Int32(clamping: MonotonicClock.nanoseconds &- start))
    }
    try communicator.allReduceMaximum(&nanoseconds)
    return Double(nanoseconds[0]) / 1e9
  }

  private static let repetitions = 4
}

/// How large buckets are.
public struct BucketSizes: Equatable, Sendable {
  /// Bytes of the largest.
  public var capacity: Int
  /// Bytes of the last, which has nothing to hide behind.
  public var last: Int

  /// Sizes from their parts.
  public init(capacity: Int, last: Int) { (self.capacity, self.last) = (capacity, last) }

  /// As large as it takes for the latency to be a small part of a sum, and no larger, so that sums begin early.
  ///
  /// - Parameter cost: of a sum over all ranks.
  public init(fitting cost: CommunicationCost) {
    let wanted =
      cost.secondsPerByte > 0
      ? Self.bytesPerLatency * cost.latency / cost.secondsPerByte : Double(Self.bounds.upperBound)
    self.init(
      capacity: min(max(Int(min(wanted, 1e12)), Self.bounds.lowerBound), Self.bounds.upperBound))
  }

  /// Buckets of up to so many bytes, the last a quarter of that.
  public init(capacity: Int) { self.init(capacity: capacity, last: capacity / 4) }

  /// Those of PyTorch's DDP.
  public static let usual = BucketSizes(capacity: bounds.upperBound, last: bounds.upperBound)

  /// The largest bucket: as PyTorch's DDP has them.
  private static let bounds = 1 << 20...25 << 20
  /// A bucket takes so many times as long as its latency.
  private static let bytesPerLatency = 20.0
}
