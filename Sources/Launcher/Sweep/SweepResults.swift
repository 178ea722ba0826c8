import Foundation
import Studies
import Trainer

/// What a sweep has come to, as files that people read.
struct SweepResults {
  private let plan: SweepPlan
  private let folder: SweepFolder

  init(_ plan: SweepPlan, in folder: SweepFolder) { (self.plan, self.folder) = (plan, folder) }

  /// Replaces all of them.
  ///
  /// - Throws: `TrainerError.system`.
  func write(_ study: Study) throws {
    try DurableFiles.replace(folder.table, with: Array(table(of: study).utf8))
    let report = SweepReport(plan, study, in: folder).html
    try DurableFiles.replace(folder.report, with: Array(report.utf8))
    if let best = study.leader, let text = try configuration(of: best) {
      try DurableFiles.replace(folder.best, with: Array(text.utf8))
    }
  }

  /// All trials as CSV, a row each.
  func table(of study: Study) -> String {
    let names = plan.space.parameters.map(\.name)
    let head =
      ["trial", "state", plan.configuration.objective.metric, "step"] + names + ["run", "failure"]
    let rows = study.trials.map { trial in
      let words = study.trialAttributes[trial.number]
      let values = plan.space.parameters.map { parameter in
        trial.assignment[parameter.name].map(parameter.plainText(of:)) ?? ""
      }
      return ["\(trial.number)", trial.state.name, trial.value.map { "\($0)" } ?? ""]
        + [trial.latest.map { "\($0.step)" } ?? ""] + values
        + [words[TrialAttribute.run] ?? "", words[TrialAttribute.failure] ?? ""]
    }
    return ([head] + rows).map { $0.map(\.csvField).joined(separator: ",") + "\n" }.joined()
  }

  /// The configuration of a trial, to be trained again as it is.
  ///
  /// - Throws: `TrainerError.system`.
  private func configuration(of trial: Trial) throws -> String? {
    let training = plan.trainings(ofTrial: trial.number, trial.assignment, in: folder, to: nil)[0]
    guard let bytes = try DurableFiles.contents("\(training.run)/config.yaml") else { return nil }
    return
      "# Trial \(trial.number) of the sweep in \(folder.path.onOneLine): \(plan.outcome(of: trial)).\n"
      + String(decoding: bytes, as: UTF8.self)
  }
}

extension Study {
  /// How many trials are in some states, in words.
  func tally(_ states: [Trial.State]) -> String {
    counts(of: states).map { "\($0.count) \($0.state.name)" }.joined(separator: ", ")
  }
}

extension Trial.State {
  /// The state in a word.
  var name: String {
    switch self {
    case .running: "running"
    case .complete: "complete"
    case .pruned: "pruned"
    case .failed: "failed"
    case .waiting: "waiting"
    }
  }
}

extension String {
  /// The text as a field of a CSV file (RFC 4180).
  fileprivate var csvField: String {
    unicodeScalars.contains { ",\"\n\r".unicodeScalars.contains($0) }
      ? "\"\(replacing("\"", with: "\"\""))\"" : self
  }
}
