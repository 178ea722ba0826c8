import Datasets
import Foundation

extension FaceReport {
  /// What `report.html` and TensorBoard show of the evaluation.
  ///
  /// - Parameter pictures: of samples, with what was said of them.
  func sections(pictures: [ReportPicture]) -> [ReportSection] {
    let names = Expression.allCases.map { "\($0)" }
    var sections = [
      ReportSection(
        "Classes", note: "Shades are parts of the true class; recall is the part on the diagonal.",
        [
          .confusion(
            ConfusionFigure(
              title: "Confusion matrix of \(classes.confusion.total) samples", names: names,
              matrix: classes.confusion)), .reliability(calibration), .facts(facts),
        ])
    ]
    if let pairs = affect?.plane.pairs, !pairs.isEmpty {
      sections.append(
        ReportSection(
          "Valence and arousal",
          note:
            "A line leads from each face's truth to what was predicted; what lies outside of -1 to 1 is drawn at the edge.",
          [.plane(AffectPlane(pairs: pairs)), .facts(affect?.facts ?? [])]))
    }
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
      ("Accuracy, 8 classes", classes.accuracy), ("Accuracy, 7 classes", classes.accuracy7),
      ("Mean recall (UAR)", classes.confusion.meanRecall),
    ].map { ReportFact($0, String(format: "%.2f %%", 100 * $1)) }
    let further = [
      ReportFact("Cross-entropy", String(format: "%.4f", classes.loss)),
      ReportFact(
        "Calibration error (ECE)", String(format: "%.4f", calibration.expectedError)),
    ]
    return scores + further
      + (triplets.map {
        [ReportFact("Triplets", String(format: "%.2f %% of %d", 100 * $0.accuracy, $0.samples))]
      } ?? [])
  }
}

extension AffectReport {
  /// The samples whose valence and arousal are both known.
  fileprivate var plane: AffectPlane {
    AffectPlane(
      pairs: stride(from: 0, to: numbers.count, by: 4).compactMap { start in
        let values = numbers[start..<(start + 4)].map(Double.init)
        guard values.allSatisfy(\.isFinite) else { return nil }
        return AffectPlane.Pair(
          prediction: [values[0], values[2]], truth: [values[1], values[3]])
      })
  }

  fileprivate var facts: [ReportFact] {
    [("Valence", valence), ("Arousal", arousal)].flatMap { name, score in
      [
        ReportFact("\(name), CCC", String(format: "%.4f", score.concordance)),
        ReportFact("\(name), RMSE", String(format: "%.4f", score.rootMeanSquaredError)),
        ReportFact("\(name), samples", "\(score.samples)"),
      ]
    }
  }
}
