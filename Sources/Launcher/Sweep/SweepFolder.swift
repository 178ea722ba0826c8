import Foundation
import Trainer

/// The folder of a sweep and the names in it.
struct SweepFolder: Equatable, Sendable {
  /// The folder.
  let path: String

  /// What the sweep was asked for, complete.
  var configuration: String { "\(path)/sweep.yaml" }
  /// The configuration that trials begin from, as it was when the first of them did.
  var base: String { "\(path)/base.yaml" }
  /// That configuration; nil before the sweep has been started.
  var knownBase: String? { DurableFiles.exists(base) ? base : nil }
  /// The cluster that trials are trained on, complete; there is none where that is this machine.
  var cluster: String { "\(path)/cluster.yaml" }
  /// That cluster; nil before the sweep has been started, and where there is none.
  var knownCluster: String? { DurableFiles.exists(cluster) ? cluster : nil }
  /// Everything that has happened, in the format of Optuna's journal files.
  var journal: String { "\(path)/journal.log" }
  /// All trials.
  var table: String { "\(path)/trials.csv" }
  /// The configuration of the best trial.
  var best: String { "\(path)/best.yaml" }
  /// What can be looked at.
  var report: String { "\(path)/report.html" }

  /// Throws where there are trials, and nothing tells what they were.
  ///
  /// - Throws: `LaunchError.journalGone`, `TrainerError.system`.
  func requireJournal() throws {
    guard !DurableFiles.exists(journal),
      try !DurableFiles.names(in: "\(path)/trials").isEmpty
    else { return }
    throw LaunchError.journalGone(path)
  }

  /// The host from which somebody has asked whoever runs the sweep to end it; nil where nobody has.
  ///
  /// - Throws: `TrainerError.system`.
  var endRequest: String? {
    get throws {
      try DurableFiles.contents(endRequestPath).map { String(decoding: $0, as: UTF8.self) }
    }
  }

  /// Asks whoever runs the sweep, wherever that is, to end it.
  ///
  /// - Throws: `TrainerError.system`.
  func requestEnd() throws {
    try DurableFiles.replace(endRequestPath, with: Array(ProcessInfo.processInfo.hostName.utf8))
  }

  /// Forgets that somebody has asked an earlier start of the sweep to end.
  ///
  /// - Throws: `TrainerError.system`.
  func withdrawEndRequest() throws { try DurableFiles.remove(endRequestPath) }

  private var endRequestPath: String { "\(path)/end-requested" }

  /// The folder of a trial: that of its run where it has one.
  func trial(_ number: Int) -> String { "\(path)/trials/\(padded(number))" }

  /// The folder of the batch job that was handed in as the `number`th array.
  func array(_ number: Int) -> String { "\(path)/arrays/\(padded(number))" }

  /// Throws where the folder has no room for a checkpoint of a training, which then fails whatever its values are.
  ///
  /// - Throws: `LaunchError.noRoom`.
  func requireRoom() throws {
    do {
      try DurableFiles.requireRoom(for: Self.room, in: path)
    } catch TrainerError.system(_, _, let reason) {
      throw LaunchError.noRoom(path, reason: reason)
    }
  }

  /// Those of large networks take as much; with less, small ones soon come to the end of it as well.
  private static let room = 256 << 20

  private func padded(_ number: Int) -> String { String(format: "%05d", number) }
}
