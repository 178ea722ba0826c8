import Trainer

/// The pages that show runs and sweeps.
public enum ReportPages {
  /// Brings the page of a run, a sweep or a folder of them up to date.
  ///
  /// A run writes its own; that of a folder is a table that leads to theirs.
  ///
  /// - Returns: its path.
  /// - Throws: `LaunchError.noReport` of a run that has not been evaluated yet, `.noWork`, `TrainerError`.
  public static func page(of path: String) throws -> String {
    let works = try Work.find(in: path)
    let page = "\(path)/report.html"
    switch works.first {
    case nil: throw LaunchError.noWork(path)
    case .sweep(path): return try Sweep.report(on: path)
    case .run(path):
      guard DurableFiles.exists(page) else { throw LaunchError.noReport(path) }
      return page
    case _?:
      let overview = overview(of: try Surveyor().survey([path]), in: path)
      try DurableFiles.replace(page, with: Array(overview.html.utf8))
      return page
    }
  }

  static func overview(of statuses: [WorkStatus], in folder: String) -> ReportPage {
    let states = Dictionary(grouping: statuses, by: \.state.rawValue).sorted { $0.key < $1.key }
    let rows = statuses.map { status in
      let isInside = status.path.hasPrefix("\(folder)/")
      let name = isInside ? String(status.path.dropFirst(folder.count + 1)) : status.path
      let hasPage = isInside && DurableFiles.exists("\(status.path)/report.html")
      return ReportTable.Row(
        name: name, page: hasPage ? "\(name)/report.html" : nil,
        cells: StatusTable.row(status).dropFirst().map { ReportTable.Cell(value: $0) })
    }
    return ReportPage(
      title: "Runs and sweeps", subtitle: folder,
      highlights: states.map { ReportFact($0.key, "\($0.value.count)") },
      sections: [
        ReportSection(
          "How they stand",
          [
            .table(
              ReportTable(
                title: "", groups: [],
                columns: StatusTable.head.dropFirst().map { $0.lowercased() }, rows: rows))
          ])
      ])
  }
}
