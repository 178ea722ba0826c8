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
    places(from: first, of: numbers).map { (prediction: numbers[$0], truth: numbers[$0 + 1]) }
  }

  /// Where these pairs are among the numbers.
  private static func places(from first: Int, of numbers: [Float]) -> [Int] {
    stride(from: first, to: numbers.count, by: 4).filter { !numbers[$0 + 1].isNaN }
  }

  /// The intervals of `valence_ccc`, `valence_rmse` and the same of arousal.
  ///
  /// - Parameter groups: the name of each sample's group, where groups are drawn as a whole.
  func intervals(
    _ bootstrap: Bootstrap, over groups: [String]? = nil
  ) -> [String: ConfidenceInterval] {
    func part(
      _ name: String, from first: Int, _ population: Bootstrap.Population
    ) -> [String: ConfidenceInterval] {
      let units = groups.map { groups in
        Bootstrap.Units.groups(
          named: Self.places(from: first, of: numbers).lazy.map { groups[$0 / 4] })
      }
      return DimensionScore.intervals(
        Self.pairs(from: first, of: numbers), population, name: name, bootstrap, over: units)
    }
    return part("valence", from: 0, .valence).merging(part("arousal", from: 2, .arousal)) { $1 }
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
