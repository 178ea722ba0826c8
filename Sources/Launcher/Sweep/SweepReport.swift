import Foundation
import Studies
import Trainer

/// `report.html` of a sweep: what was tried, what it came to, and what mattered.
struct SweepReport {
  /// Rows of the table: the best come first.
  private static let mostRows = 50

  private let plan: SweepPlan
  private let study: Study
  private let folder: SweepFolder

  init(_ plan: SweepPlan, _ study: Study, in folder: SweepFolder) {
    (self.plan, self.study, self.folder) = (plan, study, folder)
  }

  private var metric: String { plan.configuration.objective.metric }

  /// Trials that came to something by now, the best last.
  private var ranked: [(trial: Trial, value: Double)] {
    let underWay = study.trials.filter { !$0.state.isFinished }.map(\.number)
    return plan.direction.ranked(study.trials.givingUp(Set(underWay))).reversed().compactMap {
      trial in trial.value.map { (trial, $0) }
    }
  }

  /// The page.
  var html: String {
    let name = (folder.path as NSString).lastPathComponent
    return ReportPage(
      title: "Sweep \(name)",
      subtitle: "\(plan.configuration.stage) · \(plan.configuration.config) · "
        + "\(plan.configuration.sampler)\(plan.halving == nil ? "" : " with early stopping") · "
        + "\(plan.direction == .minimize ? "least" : "largest") \(metric)",
      highlights: highlights,
      sections: [
        ReportSection("Course", figures),
        ReportSection(
          "Values",
          note:
            "Each line is a trial; the darker, the better it was. It goes straight past what it has no value of.",
          ranked.isEmpty ? [] : [.parallel(coordinates)]),
        ReportSection("Trials", study.trials.isEmpty ? [] : [.table(table)]),
        ReportSection("Sweep file", [.verbatim(plan.configuration.yaml())]),
      ]
    ).html
  }

  private var highlights: [ReportFact] {
    let best = study.leader.map { best in
      [
        ReportFact("best \(metric)", best.value.map { String(format: "%.5g", $0) } ?? ""),
        ReportFact("best trial", "\(best.number)"),
      ]
    }
    return (best ?? [])
      + study.counts(of: [.complete, .pruned, .failed, .running]).map {
        ReportFact($0.state.name, "\($0.count)")
      }
  }

  private var figures: [ReportFigure] {
    let importances = Importances(
      of: plan.space, after: study.trials, direction: plan.direction
    ).values
    let isTelling = study.trials.filter { $0.state == .complete }.count > 1
    return (ranked.isEmpty ? [] : [.history(history)])
      + (importances.isEmpty || !isTelling
        ? []
        : [
          .shares(
            ShareBars(
              title: "What decided about the best tenth (PED-ANOVA)", bars: importances))
        ])
  }

  private var history: SearchHistory {
    var best: Double?
    let ended = ranked.sorted { $0.trial.number < $1.trial.number }
    let line = ended.filter { $0.trial.state == .complete }.map { trial, value in
      best = best.map { plan.direction.isBetter(value, than: $0) ? value : $0 } ?? value
      return LineChart.Point(x: Double(trial.number), y: best ?? value)
    }
    return SearchHistory(
      metric: metric,
      attempts: ended.map { trial, value in
        SearchHistory.Attempt(
          number: trial.number, value: value, isComplete: trial.state == .complete)
      }, best: line)
  }

  private var coordinates: ParallelCoordinates {
    let ranked = ranked
    // Places among the others: what is far out would leave no room for them.
    let places = ranked.indices.map { Double($0) / Double(max(1, ranked.count - 1)) }
    let objective = ParallelCoordinates.Axis(
      name: metric,
      labels: [
        ParallelCoordinates.Label(1, ranked.last.map { String(format: "%.4g", $0.value) } ?? ""),
        ParallelCoordinates.Label(0, ranked.first.map { String(format: "%.4g", $0.value) } ?? ""),
      ])
    return ParallelCoordinates(
      title: "Parameters of all trials, and where their \(metric) ranks",
      axes: plan.space.parameters.map(\.axis) + [objective],
      lines: zip(ranked, places).map { attempt, rank in
        ParallelCoordinates.Line(
          name: "trial \(attempt.trial.number), \(plan.words(of: attempt.value)): "
            + plan.space.overrides(attempt.trial.assignment).joined(separator: " "),
          places: plan.space.parameters.map { parameter in
            attempt.trial.assignment[parameter.name].map(parameter.domain.place)
          } + [rank], rank: rank)
      })
  }

  private var table: ReportTable {
    let ended = ranked.reversed().map(\.trial.number)
    let others = Set(study.trials.map(\.number)).subtracting(ended).sorted()
    let shown = (ended + others).prefix(Self.mostRows).map { study.trials[$0] }
    let title =
      study.trials.count > shown.count
      ? "The best \(shown.count) of \(study.trials.count); trials.csv has all" : "All trials"
    return ReportTable(
      title: title, groups: [],
      columns: ["state", metric, "updates"] + plan.space.parameters.map(\.name),
      rows: shown.map(row))
  }

  private func row(_ trial: Trial) -> ReportTable.Row {
    let values = plan.space.parameters.map { parameter in
      trial.assignment[parameter.name].map(parameter.shortText) ?? "–"
    }
    let cells =
      [
        trial.state.name, trial.value.map { String(format: "%.5g", $0) } ?? "–",
        trial.latest.map { "\($0.step)" } ?? "",
      ] + values
    return ReportTable.Row(
      name: "\(trial.number)", cells: cells.map { ReportTable.Cell(value: $0) })
  }
}

extension Parameter {
  /// A value with as many digits as people read.
  fileprivate func shortText(_ value: Double) -> String {
    if case .numeric(let numbers) = domain, !numbers.isWhole {
      return String(format: "%.4g", value)
    }
    return plainText(of: value)
  }

  /// The axis of the parameter.
  fileprivate var axis: ParallelCoordinates.Axis {
    let values: [Double]
    switch domain {
    case .choice(let choices): values = choices.indices.map(Double.init)
    case .numeric(let numbers): values = [numbers.low, numbers.high]
    }
    return ParallelCoordinates.Axis(
      name: name,
      labels: values.map { ParallelCoordinates.Label(domain.place(of: $0), shortText($0)) })
  }
}

extension ParameterDomain {
  /// Where a value stands among all, from 0 to 1.
  fileprivate func place(of value: Double) -> Double {
    switch self {
    case .choice(let choices): choices.count > 1 ? value / Double(choices.count - 1) : 0.5
    case .numeric(let numbers): numbers.fraction(of: value)
    }
  }
}
