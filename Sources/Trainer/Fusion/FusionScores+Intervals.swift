extension SplitScores {
  /// How far the concatenated scores could be with other recordings: whole recordings are drawn,
  /// since the frames of one are no samples of their own.
  ///
  /// - Parameter ending: follows the names `ccc`, `valence_ccc`, `arousal_ccc`, `valence_rmse` and
  ///   `arousal_rmse`.
  /// - Returns: by name; none of a single recording.
  func intervals(_ bootstrap: Bootstrap, ending: String = "") -> [String: ConfidenceInterval] {
    guard recordings.count > 1 else { return [:] }
    return bootstrap.intervals(
      of: Self.names.map { $0 + ending }, .recordings, over: .samples(recordings.count)
    ) { drawn in
      var (valence, arousal) = (DimensionMoments(), DimensionMoments())
      for recording in drawn {
        valence += moments[recording].valence
        arousal += moments[recording].arousal
      }
      return [
        (valence.concordance + arousal.concordance) / 2, valence.concordance, arousal.concordance,
        valence.rootMeanSquaredError, arousal.rootMeanSquaredError,
      ]
    }
  }

  private static let names = ["ccc", "valence_ccc", "arousal_ccc", "valence_rmse", "arousal_rmse"]
}

extension FusionReport {
  /// Finds how far other recordings' numbers could be.
  mutating func addIntervals(_ bootstrap: Bootstrap) {
    let parts =
      [raw.intervals(bootstrap)]
      + [processed?.intervals(bootstrap, ending: "_postprocessed") ?? [:]]
      + withoutModality.map {
        $0.scores.intervals(bootstrap, ending: "_without_\($0.missing.rawValue)")
      }
    intervals = BootstrapIntervals(
      bootstrap, parts.reduce(into: [:]) { $0.merge($1) { $1 } }, order: values.map(\.name),
      of: "\(raw.recordings.count) whole recordings")
  }
}
