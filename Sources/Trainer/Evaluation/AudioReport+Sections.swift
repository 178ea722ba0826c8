import Foundation

extension AudioReport {
  /// What `report.html` and TensorBoard show of the evaluation.
  ///
  /// - Parameter pictures: of utterances, with what was said of them.
  func content(pictures: [ReportPicture]) -> ReportContent {
    var report = self
    report.addIntervals(.quick(samples: utterances))
    return ReportContent(sections: report.sections(pictures), intervals: report.intervals)
  }

  private func sections(_ pictures: [ReportPicture]) -> [ReportSection] {
    let gallery = ReportSection(
      "Utterances",
      note:
        "Log-mel energies of validation utterances, low frequencies at the bottom, the first six "
        + "seconds of long ones. The gravest mistakes come first, then some that are right, "
        + "with the confidence in the emotion that was named.",
      [.gallery(pictures)])
    return [emotions.map(section), affect?.section(of: "utterance", intervals)].compactMap { $0 }
      + (pictures.isEmpty ? [] : [gallery])
  }

  private func section(of emotions: EmotionScore) -> ReportSection {
    let confusion = emotions.confusion
    return ReportSection(
      "Emotions",
      note: "Shades are parts of the true emotion; recall is the part on the diagonal. "
        + (intervals.note ?? ""),
      [
        .confusion(
          ConfusionFigure(
            title: "Confusion matrix of \(confusion.total) utterances", names: EmotionScore.names,
            matrix: confusion)), .reliability(emotions.calibration), .facts(facts(emotions)),
      ])
  }

  private func facts(_ emotions: EmotionScore) -> [ReportFact] {
    [
      ReportFact(
        "Accuracy", String(format: "%.2f %%", 100 * emotions.confusion.accuracy),
        interval: intervals["accuracy"]?.percent),
      ReportFact(
        "Mean recall (UAR)", String(format: "%.2f %%", 100 * emotions.confusion.meanRecall),
        interval: intervals["uar"]?.percent),
      ReportFact("Cross-entropy", String(format: "%.4f", emotions.loss)),
      ReportFact(
        "Calibration error (ECE)", String(format: "%.4f", emotions.calibration.expectedError)),
      ReportFact(
        "Utterances",
        "\(utterances)"
          + (problems.isEmpty ? "" : ", \(problems.count) more could not be used")),
    ]
  }
}
