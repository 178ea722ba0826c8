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
  private var latest: (step: Int, evaluation: Evaluation, sections: [ReportSection])?

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
  func write(_ evaluation: Evaluation, after step: Int, _ sections: [ReportSection]) throws {
    latest = (step, evaluation, sections)
    try replace(isFinished: false)
  }

  /// Writes the page once more where the training has come to its end; what an earlier process wrote
  /// stays where this one has evaluated nothing.
  ///
  /// - Throws: `TrainerError.system` where it cannot be written.
  func finish() throws { try replace(isFinished: true) }

  private func replace(isFinished: Bool) throws {
    guard let page = page(isFinished: isFinished) else { return }
    try DurableFiles.replace(frame.path, with: Array(page.html.utf8))
  }

  private func page(isFinished: Bool) -> ReportPage? {
    guard let latest else { return nil }
    let progress =
      isFinished
      ? "finished after step \(latest.step)" : "after step \(latest.step) of \(frame.totalSteps)"
    return ReportPage(
      title: frame.title, subtitle: "\(frame.subtitle) · \(progress)",
      highlights: highlights(latest.evaluation),
      sections: [curves.learning] + latest.sections + [
        curves.throughput, ReportSection("Environment", [.facts(frame.environment)]),
        ReportSection("Configuration", [.verbatim(frame.configuration)]),
      ])
  }

  private func highlights(_ evaluation: Evaluation) -> [ReportFact] {
    frame.metrics.compactMap { metric in
      guard let value = evaluation.values.first(where: { $0.name == metric })?.value.number,
        value.isFinite
      else { return nil }
      return ReportFact(
        metric.replacingOccurrences(of: "_", with: " "), String(format: "%.4f", value))
    }
  }
}
