import Foundation

/// Keeps `report.html` up to date; only rank 0 has one.
final class ReportWriter {
  /// What stays the same during a run.
  struct Frame: Sendable {
    /// Where the page goes.
    var path: String
    /// The stage and the model.
    var title: String
    /// On what is trained.
    var subtitle: String
    /// Updates of the whole training.
    var totalSteps: Int
    /// The names of the numbers that models are compared by.
    var metrics: [String]
    /// Machine and software.
    var environment: [ReportFact]
    /// The configuration as it was resolved.
    var configuration: String
  }

  private let frame: Frame
  private var curves: TrainingCurves
  private var latest: (step: Int, evaluation: Evaluation, content: ReportContent)?

  /// How a training stands.
  private enum State {
    case running
    case finished
    /// After a step, by somebody who asked for it or by data that failed.
    case stopped(Int)
  }

  /// A report that goes on after the lines that a metrics file has.
  ///
  /// - Throws: `TrainerError.system` where it cannot be read.
  init(_ frame: Frame, metrics: String) throws {
    self.frame = frame
    curves = try TrainingCurves(file: metrics)
  }

  /// Takes a line of the metrics file.
  func append(_ record: MetricsRecord) { curves.append(record) }

  /// Writes the page after an evaluation.
  ///
  /// - Throws: `TrainerError.system` where it cannot be written.
  func write(_ evaluation: Evaluation, after step: Int, _ content: ReportContent) throws {
    latest = (step, evaluation, content)
    try replace(.running)
  }

  /// Writes the page once more where the training has come to its end; what an earlier process wrote
  /// stays where this one has evaluated nothing.
  ///
  /// - Throws: `TrainerError.system` where it cannot be written.
  func finish() throws {
    if latest != nil { try replace(.finished) }
  }

  /// Writes the page once more where the training was stopped; what an earlier process wrote stays
  /// where this one has evaluated nothing, since it shows more than curves.
  ///
  /// - Throws: `TrainerError.system` where it cannot be written.
  func stop(after step: Int) throws {
    if latest != nil || !DurableFiles.exists(frame.path) { try replace(.stopped(step)) }
  }

  private func replace(_ state: State) throws {
    try DurableFiles.replace(frame.path, with: Array(page(state).html.utf8))
  }

  private func page(_ state: State) -> ReportPage {
    ReportPage(
      title: frame.title, subtitle: "\(frame.subtitle) · \(progress(state))",
      highlights: latest.map { highlights($0.evaluation, $0.content.intervals) } ?? [],
      sections: [curves.learning] + (latest?.content.sections ?? []) + [
        curves.throughput, ReportSection("Environment", [.facts(frame.environment)]),
        ReportSection("Configuration", [.verbatim(frame.configuration)]),
      ])
  }

  private func progress(_ state: State) -> String {
    let evaluated = latest.map { "after step \($0.step)" }
    return switch state {
    case .finished: "finished \(evaluated ?? "")"
    case .running: "\(evaluated ?? "") of \(frame.totalSteps)"
    case .stopped(let step):
      "stopped after step \(step) of \(frame.totalSteps), "
        + (evaluated.map { "evaluated \($0)" } ?? "not evaluated yet")
    }
  }

  private func highlights(
    _ evaluation: Evaluation, _ intervals: BootstrapIntervals
  ) -> [ReportFact] {
    frame.metrics.compactMap { metric in
      guard let value = evaluation.values.first(where: { $0.name == metric })?.value.number,
        value.isFinite
      else { return nil }
      return ReportFact(
        metric.replacingOccurrences(of: "_", with: " "), String(format: "%.4f", value),
        interval: intervals[metric]?.text)
    }
  }
}
