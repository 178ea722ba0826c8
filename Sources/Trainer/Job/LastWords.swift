import Distributed
import Foundation
import Synchronization

/// What a rank leaves behind when it ends the job: a report in the run folder, and a line.
///
/// Used by the thread that trains and by the one that watches it.
final class LastWords: Sendable {
  private let rank: Int
  private let worldSize: Int
  private let host: String
  private let place = Mutex<(folder: RunFolder?, lease: RunLease?)>((nil, nil))

  /// Seconds that writing the report may take: a file system that hangs must not keep the job.
  private static let patience = 5.0

  init(_ communicator: Communicator) {
    (rank, worldSize) = (communicator.rank, communicator.worldSize)
    host = communicator.hostName
  }

  /// Says where the report belongs.
  func know(folder: RunFolder?) { place.withLock { $0.folder = folder } }

  /// Says who may write there.
  func know(lease: RunLease?) { place.withLock { $0.lease = lease } }

  /// The line that says what this rank died of.
  func line(_ error: String, activity: String) -> String {
    "rank \(rank) on \(host), \(activity): \(error)"
  }

  /// Writes the report, durably, and gives the run folder free.
  ///
  /// - Parameters:
  ///   - activity: what the rank was doing.
  ///   - code: what the rank was doing, see `Activity.code(_:)`.
  ///   - hosts: where ranks run that this one has waited for in vain; nil where that is not the reason.
  func record(
    _ error: String, status: ExitStatus, during code: UInt64, missing hosts: [String]? = nil
  ) {
    let report = CrashReport(
      rank: rank, worldSize: worldSize, host: host,
      process: ProcessInfo.processInfo.processIdentifier, time: Date(),
      activity: Activity.description(of: code), step: Activity(code: code).step,
      phase: StepPhase(code: code) == .other ? nil : "\(StepPhase(code: code))",
      exitCode: status.rawValue, error: error, missingHosts: hosts)
    let rank = rank
    let (folder, lease) = place.withLock { $0 }
    attempt(forAtMost: Self.patience) {
      // A folder that another job has taken over is that job's.
      if lease?.isTaken != true, let path = folder?.crash(rank: rank) { report.write(to: path) }
      lease?.release()
    }
  }
}
