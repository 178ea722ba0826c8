import Foundation

/// What was predicted of recordings, beside the truth: `[recordings][frames]` each.
struct RecordingTraces: Equatable, Sendable {
  var truths: [[SIMD2<Float>]]
  var predictions: [[SIMD2<Float>]]
  /// Nil where post-processing changes nothing.
  var processed: [[SIMD2<Float>]]?
}

extension FusionReport {
  /// Recordings whose traces are shown; a page has to stay small.
  static let mostTraces = 18

  /// What `report.html` and TensorBoard show of the evaluation.
  func content() -> ReportContent {
    var report = self
    report.addIntervals(.quick(samples: raw.recordings.count))
    return ReportContent(sections: report.sections, intervals: report.intervals)
  }

  private var sections: [ReportSection] {
    [
      ReportSection(
        "Valence and arousal", note: scoresNote, [.table(table), .facts(facts)]),
      ReportSection("Traces", note: tracesNote, shownTraces.map { .traces($0) }),
    ]
  }

  // MARK: - Scores

  private var scoresNote: String? {
    let chosen =
      processed == nil || split != .validation
      ? nil
      : "Post-processing is chosen on these recordings, so that its numbers flatter."
    let notes = [intervals.note, chosen].compactMap { $0 }
    return notes.isEmpty ? nil : notes.joined(separator: " ")
  }

  private var table: ReportTable {
    let columns = ["CCC"] + (processed == nil ? [] : ["post-processed"]) + ["RMSE", "Pearson"]
    let single = raw.recordings.indices.map { index in
      ReportTable.Row(
        name: raw.recordings[index].name,
        cells: cells(raw.recordings[index].scores, processed?.recordings[index].scores))
    }
    let total = ReportTable.Row(
      name: "end to end", cells: cells(raw.concatenated, processed?.concatenated, ending: ""),
      isTotal: true)
    let alone = withoutModality.map { missing, scores in
      ReportTable.Row(
        name: "end to end, \(missing == .visual ? "sound" : "film") alone",
        cells: cells(scores.concatenated, nil, ending: "_without_\(missing.rawValue)"))
    }
    return ReportTable(
      title: "Scores of the \(split.rawValue) recordings",
      groups: ["valence", "arousal"].map { ($0, columns.count) }, columns: columns + columns,
      rows: single + [total] + alone)
  }

  /// - Parameter ending: of the names of the numbers; nil for numbers without intervals.
  private func cells(
    _ scores: AffectScores, _ processed: AffectScores?, ending: String? = nil
  ) -> [ReportTable.Cell] {
    scores.dimensions.flatMap { name, score -> [ReportTable.Cell] in
      func cell(_ value: Double?, _ metric: String) -> ReportTable.Cell {
        ReportTable.Cell(
          value: value.map(DimensionScore.text) ?? "",
          interval: ending.flatMap { intervals["\(name)_\(metric)\($0)"]?.text })
      }
      let after = processed?.dimensions.first { $0.name == name }?.score.concordance
      return [cell(score.concordance, "ccc")]
        + (self.processed == nil ? [] : [cell(after, "ccc_postprocessed")])
        + [
          cell(score.rootMeanSquaredError, "rmse"), cell(score.correlation, "correlation"),
        ]
    }
  }

  private var facts: [ReportFact] {
    [ReportFact("Frames", "\(frames.all)")]
      + (frames.withoutFace > 0 ? [ReportFact("Without a face", "\(frames.withoutFace)")] : [])
      + missing.map { ReportFact("Without \($0.medium)", $0.names) }
      + (postProcessing.map {
        [
          ReportFact("Post-processing of valence", $0.valence.summary),
          ReportFact("Post-processing of arousal", $0.arousal.summary),
        ]
      } ?? [])
  }

  // MARK: - Traces

  /// All recordings, or as many as are shown: those at even distances between the best and the worst,
  /// in the order of the list.
  private var shownRecordings: [Int] {
    let count = raw.recordings.count
    guard count > Self.mostTraces else { return Array(0..<count) }
    let ranked = raw.recordings.indices.sorted {
      let (first, second) = (
        raw.recordings[$0].scores.concordance, raw.recordings[$1].scores.concordance
      )
      // What has no correlation is the worst.
      return (first.isNaN ? -2 : first, $0) < (second.isNaN ? -2 : second, $1)
    }
    return (0..<Self.mostTraces).map { ranked[$0 * (count - 1) / (Self.mostTraces - 1)] }.sorted()
  }

  private var tracesNote: String {
    let count = raw.recordings.count
    let which =
      count > Self.mostTraces
      ? "\(Self.mostTraces) of \(count) recordings, from the best to the worst. " : ""
    return which + "Each curve is drawn by the least and the largest of its values within each of "
      + "\(AffectTraces.mostPoints / 2) stretches, so that no peak is lost."
  }

  private var shownTraces: [AffectTraces] {
    let ranges = [0, 1].map(truthRange)
    return shownRecordings.map { traces(of: $0, ranges) }
  }

  private func traces(of index: Int, _ ranges: [ClosedRange<Double>]) -> AffectTraces {
    let caption = raw.recordings[index].scores.dimensions.map { name, score in
      "\(name) CCC "
        + (score.concordance.isFinite ? String(format: "%.3f", score.concordance) : "–")
    }
    return AffectTraces(
      name: raw.recordings[index].name, truth: traces.truths[index],
      predictions: traces.predictions[index], processed: traces.processed?[index],
      ranges: ranges, caption: caption.joined(separator: ", "))
  }

  /// The range of a dimension's truth over all recordings.
  private func truthRange(of dimension: Int) -> ClosedRange<Double> {
    let known = traces.truths.joined().lazy.map { Double($0[dimension]) }.filter(\.isFinite)
    guard let least = known.min(), let most = known.max() else { return -1...1 }
    return least...most
  }
}
