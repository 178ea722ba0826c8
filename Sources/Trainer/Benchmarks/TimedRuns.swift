import Distributed

/// How long something takes that all ranks do again and again, the figures of the slowest rank.
struct TimedRuns {
  /// The median over the runs, of each the time of the slowest rank, in seconds.
  let median: Double
  /// From the start of the slowest process to the end of its first run, in seconds.
  let first: Double
  /// The largest resident set of any rank, in MiB.
  let peakMemoryMebibytes: Double
  /// Runs before those that are timed.
  private static let warmup = 3

  /// Measures on all ranks, which start each run together. Collective.
  ///
  /// - Parameter begin: called before the first run that is timed.
  init(
    _ count: Int, job: Job, begin: () -> Void = {}, _ run: () throws -> Void
  ) throws {
    try run()
    let first = ProcessFacts.secondsSinceStart()
    for _ in 1..<Self.warmup { try run() }
    begin()
    let times = try (0..<count).map { _ in
      try job.communicator.barrier()
      let start = ContinuousClock.now
      try run()
      return start.duration(to: .now) / .seconds(1)
    }
    let slowest = try job.maximum(times + [first, ProcessFacts.peakMemoryMebibytes()])
    median = Array(slowest.prefix(count)).median
    self.first = slowest[count]
    peakMemoryMebibytes = slowest[count + 1]
  }

  /// A figure as it is printed.
  static func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}
