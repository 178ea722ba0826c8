import Foundation

/// How well valence and arousal are predicted.
struct AffectReport: Sendable, Equatable {
  /// Predicted and true valence, predicted and true arousal of each sample; not a number where unknown.
  let numbers: [Float]
  let valence: DimensionScore
  let arousal: DimensionScore

  /// - Parameter numbers: predicted and true valence, predicted and true arousal of each sample.
  init(_ numbers: [Float]) {
    self.numbers = numbers
    valence = DimensionScore(Self.pairs(from: 0, of: numbers))
    arousal = DimensionScore(Self.pairs(from: 2, of: numbers))
  }

  /// The pairs of a dimension whose truth is known.
  private static func pairs(
    from first: Int, of numbers: [Float]
  ) -> [(prediction: Float, truth: Float)] {
    stride(from: first, to: numbers.count, by: 4).lazy
      .map { (prediction: numbers[$0], truth: numbers[$0 + 1]) }
      .filter { !$0.truth.isNaN }
  }

  /// The intervals of `valence_ccc`, `valence_rmse` and the same of arousal.
  func intervals(_ bootstrap: Bootstrap) -> [String: ConfidenceInterval] {
    DimensionScore.intervals(
      Self.pairs(from: 0, of: numbers), .valence, name: "valence", bootstrap
    ).merging(
      DimensionScore.intervals(
        Self.pairs(from: 2, of: numbers), .arousal, name: "arousal", bootstrap)
    ) { $1 }
  }

  static var metrics: [EvaluationMetric] {
    ["valence", "arousal"].flatMap { name in
      [
        EvaluationMetric("\(name)_ccc", better: .larger),
        EvaluationMetric("\(name)_rmse", better: .smaller),
      ]
    }
  }

  var values: [(name: String, value: MetricValue)] {
    [("valence", valence), ("arousal", arousal)].flatMap { name, score in
      [
        ("\(name)_ccc", .number(score.concordance)),
        ("\(name)_rmse", .number(score.rootMeanSquaredError)),
      ]
    }
  }

  var summary: String {
    let texts = [valence, arousal].map { DimensionScore.text($0.concordance) }
    return "CCC \(texts.joined(separator: " and "))"
  }

  var text: String {
    let rows = [("valence", valence), ("arousal", arousal)].map { name, score in
      name.padding(toLength: 10, withPad: " ", startingAt: 0)
        + String(format: "%8d", score.samples)
        + [score.concordance, score.rootMeanSquaredError, score.correlation, score.signAgreement]
        .map {
          let text = DimensionScore.text($0)
          return String(repeating: " ", count: 9 - text.count) + text
        }.joined()
    }
    return "dimension  samples      CCC     RMSE  Pearson     SAGR\n" + rows.joined(separator: "\n")
  }
}
