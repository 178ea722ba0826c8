import Distributed

/// How long the sum of a buffer over all ranks takes: `aver-train benchmark allreduce`.
public enum AllReduceBenchmark {
  /// The one JSON object that the benchmark prints.
  public struct Result: Codable, Equatable, Sendable {
    /// Size of the buffer that was summed: what was asked for, in whole floats.
    public var bytes: Int
    /// How it was summed.
    public var algorithm: ReductionAlgorithm
    /// The median over the iterations, of each the time of the slowest rank, in milliseconds.
    public var millisecondsMedian: Double
    /// `bytes` per second, in 10⁹.
    public var algorithmGigabytesPerSecond: Double

    enum CodingKeys: String, CodingKey {
      case bytes, algorithm
      case millisecondsMedian = "ms_median"
      case algorithmGigabytesPerSecond = "algorithm_gb_per_s"
    }
  }

  /// Measures on all ranks. Collective.
  ///
  /// - Parameters:
  ///   - bytes: At least 4; the rest of a division by 4 is dropped.
  ///   - seconds: About how long to measure. At least 10 sums are made, at most 200.
  /// - Throws: `MPIError`, or `DistributedError` for a number of ranks that `exact` does not serve.
  public static func run(
    communicator: Communicator, bytes: Int, algorithm: ReductionAlgorithm, seconds: Double = 1
  ) throws -> Result {
    let count = max(bytes / MemoryLayout<Float>.stride, 1)
    // Zeros: repeated sums of anything else overflow.
    let memory = try GradientMemory(communicator: communicator, count: count)
    let reducer = try GradientReducer(
      communicator: communicator, algorithm: algorithm, memory: memory, buckets: [0..<count])
    let times = try measure(communicator, seconds: seconds) { try reducer.allReduce() }
    try memory.free()
    let median = try slowest(times, communicator).median
    let summed = count * MemoryLayout<Float>.stride
    return Result(
      bytes: summed, algorithm: algorithm, millisecondsMedian: 1000 * median,
      algorithmGigabytesPerSecond: Double(summed) / median / 1e9)
  }

  /// The seconds of each iteration on this rank. All ranks start each of them together.
  private static func measure(
    _ communicator: Communicator, seconds: Double, _ body: () throws -> Void
  ) throws -> [Double] {
    func timed() throws -> Double {
      try communicator.barrier()
      let start = ContinuousClock.now
      try body()
      let elapsed = start.duration(to: .now) / .seconds(1)
      return elapsed
    }
    _ = try timed()
    let first = try timed()
    // The ranks have to agree on the number of iterations.
    var wanted = [Int32(min(max(seconds / first, 10), 200))]
    try communicator.allReduceMaximum(&wanted)
    return try (0..<wanted[0]).map { _ in try timed() }
  }

  private static func slowest(_ times: [Double], _ communicator: Communicator) throws -> [Double] {
    let all = try communicator.allGather(times.withUnsafeBytes { Array($0) }).map { bytes in
      bytes.withUnsafeBytes { buffer in
        times.indices.map {
          buffer.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Double>.stride, as: Double.self)
        }
      }
    }
    return times.indices.map { index in all.map { $0[index] }.max() ?? 0 }
  }
}
