import CVectorKernels
import Distributed

/// A quick measurement of what the ranks of a host read and write together.
enum MemoryBandwidth {
  private static let passes = 8

  /// The bytes that a rank moved and the time that it took.
  struct Sample: Codable {
    var bytes: Double
    var seconds: Double
  }

  /// Computes a = b + c on all ranks at once, over arrays that together are larger than the last
  /// level of cache. Collective.
  ///
  /// - Parameter arrayBytes: Size of each of the three arrays.
  /// - Source: McCalpin, STREAM ("Add"): three arrays a pass, after one pass that is not counted.
  static func measure(_ communicator: Communicator, arrayBytes: Int) throws -> Sample {
    let count = max(arrayBytes / MemoryLayout<Float>.stride, 1)
    let b = [Float](repeating: 1, count: count)
    let c = [Float](repeating: 2, count: count)
    var a = [Float](repeating: 0, count: count)
    aver_sum_f32(&a, b, c, count)
    try communicator.barrier()
    let start = ContinuousClock.now
    for _ in 0..<passes {
      aver_sum_f32(&a, b, c, count)
    }
    let seconds = start.duration(to: .now) / .seconds(1)
    return Sample(bytes: Double(passes * 3 * count * MemoryLayout<Float>.stride), seconds: seconds)
  }

  /// Bytes per second of ranks that measured together: all of their bytes in the slowest one's time.
  static func together(_ samples: [Sample]) -> Double {
    let slowest = samples.map(\.seconds).max() ?? 0
    return slowest > 0 ? samples.map(\.bytes).reduce(0, +) / slowest : 0
  }
}
