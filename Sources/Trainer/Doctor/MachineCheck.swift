import Distributed
import Foundation
import Nets

/// What this machine offers for training, and what is wrong with it: `aver doctor`.
public enum MachineCheck {
  /// Everything that was found out.
  public struct Report: Codable, Sendable {
    /// The facts of each rank, in rank order.
    public var ranks: [RankFacts]
    /// Quick measurements on all ranks at once.
    public var measurements: Measurements
    /// What will be slow or wrong.
    public var warnings: [DoctorWarning]
  }

  /// Quick figures: within some ten percent, for "is something broken", not for papers.
  public struct Measurements: Codable, Sendable {
    /// What the ranks of each host read and write together, in 10⁹ bytes per second.
    public var memoryGigabytesPerSecond: [String: Double]
    /// The sum of 25 MB over all ranks; nil with one rank.
    public var allReduce: AllReduceBenchmark.Result?
  }

  /// What one rank sends to rank 0.
  private struct Finding: Codable {
    var facts: RankFacts
    var memory: MemoryBandwidth.Sample
  }

  /// Starts MPI and the kernels, looks at the machine of every rank, and ends MPI. Collective.
  ///
  /// - Parameter threads: The threads that each rank is going to use.
  /// - Returns: The report at rank 0, nil elsewhere.
  /// - Throws: `MPIError`, `NetsError`, or an encoding error.
  public static func run(threads: Int) throws -> Report? {
    try Engine.configure(threads: threads)
    let communicator = try Communicator.world()
    let report = try examine(communicator, threads: threads)
    try communicator.finalize()
    return report
  }

  private static func examine(_ communicator: Communicator, threads: Int) throws -> Report? {
    let probe = MachineProbe.ofThisMachine
    // Twice the cache, shared by the ranks, so that a host with many of them is not filled.
    let arrayBytes = max(2 * probe.lastLevelCacheBytes / communicator.worldSize, 16 << 20)
    let own = Finding(
      facts: try probe.facts(communicator: communicator, threads: threads),
      memory: try MemoryBandwidth.measure(communicator, arrayBytes: arrayBytes))
    let allReduce = try allReduce(communicator)
    let gathered = try communicator.gather(Array(JSONEncoder().encode(own)), to: 0)
    return try gathered.map { encoded in
      let findings = try encoded.map { try JSONDecoder().decode(Finding.self, from: Data($0)) }
      return report(findings, allReduce)
    }
  }

  private static func report(
    _ findings: [Finding], _ allReduce: AllReduceBenchmark.Result?
  ) -> Report {
    let perHost = Dictionary(grouping: findings, by: \.facts.host).mapValues { onHost in
      MemoryBandwidth.together(onHost.map(\.memory)) / 1e9
    }
    let ranks = findings.map(\.facts)
    return Report(
      ranks: ranks,
      measurements: Measurements(memoryGigabytesPerSecond: perHost, allReduce: allReduce),
      warnings: DoctorWarning.all(for: ranks))
  }

  private static func allReduce(_ communicator: Communicator) throws -> AllReduceBenchmark.Result? {
    guard communicator.worldSize > 1 else { return nil }
    let isPowerOfTwo = communicator.worldSize.nonzeroBitCount == 1
    return try AllReduceBenchmark.run(
      communicator: communicator, bytes: 25_000_000, algorithm: isPowerOfTwo ? .exact : .vendor,
      seconds: 0.5)
  }
}
