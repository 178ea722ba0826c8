import Foundation
import Trainer

/// Runs trainings on this machine, each by an `aver-launch run` of its own. Where the sweep is killed, they end
/// with a checkpoint.
final class LocalExecutor: TrialExecutor {
  /// How long a holder whose life cannot be told is waited for.
  private static let patience = Duration.seconds(30)

  let outlivesSweep = false
  let pauses: ClosedRange<Duration> = .milliseconds(200) ... .seconds(1)

  private let plan: SweepPlan
  private let folder: SweepFolder
  private let ranks: Int
  private let launcher: String
  private var children: [String: pid_t] = [:]
  private var signs: [String: (beat: String, since: ContinuousClock.Instant)] = [:]

  /// An executor of a sweep's trainings.
  ///
  /// - Parameters:
  ///   - ranks: ranks of each training.
  ///   - launcher: the path of aver-launch.
  init(_ plan: SweepPlan, in folder: SweepFolder, ranks: Int, launcher: String) {
    (self.plan, self.folder, self.ranks, self.launcher) = (plan, folder, ranks, launcher)
    if plan.configuration.concurrency > 1 { Self.unbind() }
  }

  /// Each mpirun counts cores from the first: bound, trainings would share these and leave the others idle. Who has
  /// said something else of Open MPI 4 or 5 has his will.
  private static func unbind() {
    setenv("OMPI_MCA_hwloc_base_binding_policy", "none", 0)
    setenv("PRTE_MCA_hwloc_default_binding_policy", "none", 0)
  }

  func begin(_ trainings: [TrialTraining]) throws -> [TrialTraining] {
    for training in trainings {
      try DurableFiles.makeFolder("\(training.run)/logs")
      let log = "\(training.run)/logs/output.log"
      let file = try systemCall("open", log) {
        open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
      }
      defer { close(file) }
      let words =
        [launcher, "run", "--ranks", "\(ranks)"] + words(of: training)
      children[training.run] = try ChildProcess.start(words, output: file, errors: file)
    }
    return trainings
  }

  /// The words of `aver-launch run` for a training, behind those about ranks.
  private func words(of training: TrialTraining) -> [String] {
    ["--patience", "1", "\(plan.configuration.stage)", "--config", folder.base]
      + ["--run", training.run] + training.pause + ["--"] + training.overrides
  }

  func look(at trainings: [TrialTraining]) throws -> [TrainingSight] {
    try trainings.map { try look(at: $0.run) }
  }

  private func look(at run: String) throws -> TrainingSight {
    if let child = children[run] {
      guard let end = ChildProcess.end(of: child) else { return .underWay(nil) }
      children[run] = nil
      return .ended(status: end.status, words: nil)
    }
    guard let sign = try LeaseSign(ofFolder: run) else {
      signs[run] = nil
      return .ended(status: nil, words: nil)
    }
    if signs[run]?.beat != sign.beat { signs[run] = (sign.beat, .now) }
    let isSilent = signs[run].map { ContinuousClock.now - $0.since > Self.patience } ?? false
    return isSilent ? .ended(status: nil, words: nil) : .underWay("runs by \(sign.holder)")
  }

  func end(_ trainings: [TrialTraining], atOnce: Bool) throws {
    for training in trainings {
      guard let child = children[training.run] else { continue }
      kill(child, SIGTERM)
      // The second one means it.
      if atOnce { kill(child, SIGINT) }
    }
  }
}

extension TrialTraining {
  /// What tells the trainer where to pause.
  var pause: [String] { target.map { ["--stop-after", "\($0)"] } ?? [] }
}
