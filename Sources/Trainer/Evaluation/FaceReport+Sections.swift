import Datasets
import Foundation

extension FaceReport {
  /// What `report.html` and TensorBoard show of the evaluation.
  ///
  /// - Parameter pictures: of samples, with what was said of them.
  func content(pictures: [ReportPicture]) -> ReportContent {
    var report = self
    report.addIntervals(.quick(samples: max(samples.labels.count, triplets?.samples ?? 0)))
    return ReportContent(sections: report.sections(pictures), intervals: report.intervals)
  }

  private func sections(_ pictures: [ReportPicture]) -> [ReportSection] {
    var sections = [
      ReportSection(
        "Classes",
        note: "Shades are parts of the true class; recall is the part on the diagonal. "
          + (intervals.note ?? ""),
        [
          .confusion(
            ConfusionFigure(
              title: "Confusion matrix of \(classes.confusion.total) samples",
              names: Self.classNames, matrix: classes.confusion)), .reliability(calibration),
          .facts(facts),
        ])
    ]
    if let section = affect?.section(of: "face", intervals) { sections.append(section) }
    if !pictures.isEmpty {
      sections.append(
        ReportSection(
          "Faces",
          note: "Validation faces as the network sees them: its most confident mistakes "
            + "first, then some that it recognised, with the confidence in what it said.",
          [.gallery(pictures)]))
    }
    return sections
  }

  private var facts: [ReportFact] {
    let scores = [
      ("Accuracy, 8 classes", classes.accuracy, "accuracy"),
      ("Accuracy, 7 classes", classes.accuracy7, "accuracy_7"),
      ("Mean recall (UAR)", classes.confusion.meanRecall, "uar"),
    ].map {
      ReportFact($0, String(format: "%.2f %%", 100 * $1), interval: intervals[$2]?.percent)
    }
    let further = [
      ReportFact("Cross-entropy", String(format: "%.4f", classes.loss)),
      ReportFact(
        "Calibration error (ECE)", String(format: "%.4f", calibration.expectedError)),
    ]
    return scores + further
      + (triplets.map {
        [
          ReportFact(
            "Triplets", String(format: "%.2f %% of %d", 100 * $0.accuracy, $0.samples),
            interval: intervals["triplet_accuracy"]?.percent)
        ]
      } ?? [])
  }
}
