extension AffectReport {
  /// What is seen of valence and arousal; nil where no sample has both.
  ///
  /// - Parameter samples: what the samples are called.
  func section(of samples: String, _ intervals: BootstrapIntervals) -> ReportSection? {
    let pairs = pairs
    guard !pairs.isEmpty else { return nil }
    return ReportSection(
      "Valence and arousal",
      note:
        "A line leads from each \(samples)'s truth to what was predicted; what lies outside of -1 "
        + "to 1 is drawn at the edge.",
      [.plane(AffectPlane(pairs: pairs)), .facts(facts(intervals))])
  }

  /// The samples whose valence and arousal are both known.
  private var pairs: [AffectPlane.Pair] {
    stride(from: 0, to: numbers.count, by: 4).compactMap { start in
      let values = numbers[start..<(start + 4)].map(Double.init)
      guard values.allSatisfy(\.isFinite) else { return nil }
      return AffectPlane.Pair(prediction: [values[0], values[2]], truth: [values[1], values[3]])
    }
  }

  private func facts(_ intervals: BootstrapIntervals) -> [ReportFact] {
    [("valence", valence), ("arousal", arousal)].flatMap { name, score -> [ReportFact] in
      let title = name.capitalized
      func fact(_ name: String, _ value: Double, _ metric: String) -> ReportFact {
        ReportFact(
          "\(title), \(name)", DimensionScore.text(value),
          interval: intervals[metric]?.text)
      }
      return [
        fact("CCC", score.concordance, "\(name)_ccc"),
        fact("RMSE", score.rootMeanSquaredError, "\(name)_rmse"),
        ReportFact("\(title), samples", "\(score.samples)"),
      ]
    }
  }
}
