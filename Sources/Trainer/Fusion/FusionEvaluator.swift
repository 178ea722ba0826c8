import Datasets
import Nets

/// Evaluates a fusion network on the recordings of a split.
struct FusionEvaluator: Evaluator {
  let predictor: FusionPredictor
  let split: Split
  let recordings: FusionSplit
  /// Modalities that the network can do without, each alone.
  let dispensable: [Modality]
  /// Where post-processing comes from.
  let postProcessing: Source

  /// Where post-processing comes from.
  enum Source {
    /// The split is the development data: it is chosen anew, by this; whoever asks hears of it.
    case chosen(PostProcessingSection, (AffectPostProcessing) throws -> Void)
    /// It was chosen before; nil where nobody knows it.
    case given(AffectPostProcessing?)
  }

  func evaluate(isStopRequested: () throws -> Bool) throws -> FusionReport? {
    try predictor.refreshWeights()
    guard
      let predictions = try predictor.predict(
        recordings, missing: nil, isStopRequested: isStopRequested)
    else { return nil }
    var without: [(Modality, SplitScores)] = []
    for modality in dispensable {
      guard
        let predictions = try predictor.predict(
          recordings, missing: modality, isStopRequested: isStopRequested)
      else { return nil }
      without.append((modality, SplitScores(recordings, predictions)))
    }
    let raw = SplitScores(recordings, predictions)
    let isFinite = predictions.allSatisfy { $0.allSatisfy { $0.x.isFinite && $0.y.isFinite } }
    let choice = isFinite ? try choice(for: predictions) : nil
    let processed = choice.map { predictions.map($0.applied) }
    return FusionReport(
      split: split, raw: raw, processed: processed.map { SplitScores(recordings, $0) },
      postProcessing: choice, withoutModality: without,
      frames: (recordings.frameCount, recordings.framesWithoutFace),
      recordingsWithout: recordings.without,
      traces: RecordingTraces(
        truths: recordings.recordings.map(\.labels), predictions: predictions,
        processed: choice == AffectPostProcessing() ? nil : processed))
  }

  private func choice(for predictions: [[SIMD2<Float>]]) throws -> AffectPostProcessing? {
    switch postProcessing {
    case .given(let choice): return choice
    case .chosen(let section, let hear):
      let choice = AffectPostProcessing(
        section, predictions: predictions, truths: recordings.recordings.map(\.labels))
      try hear(choice)
      return choice
    }
  }
}
