import Datasets
import Media
import Trainer

/// A network that hears emotion, valence and arousal in voices: of the stage audio.
///
/// Sendable because `lock` is held wherever the network and its buffers are used.
public final class VoiceModel: @unchecked Sendable {
  /// Samples a second of what the model hears.
  public static let sampleRate = LogMelSpectrogram.rate
  /// Seconds from one prediction to the next.
  public static let periodSeconds = FilmExtent.whole().periodSeconds

  /// The classes, in the order of `Estimate.probabilities`; empty for a network that tells none apart.
  public let classes: [String]
  /// Whether valence and arousal are predicted.
  public let predictsAffect: Bool
  /// Numbers of `VoicePrediction.features`.
  public let featureCount: Int

  private let lock: KernelLock
  private let weights: String
  private let extractor: SoundExtractor

  /// Loads the model of a run.
  ///
  /// - Throws: an error whose description names the file and the fix, also for a run of another stage.
  public convenience init(run: String, options: InferenceOptions = InferenceOptions()) throws {
    let trained = try TrainedRun(run, options)
    guard case .voices(let settings) = trained.content else {
      throw InferenceError.senseless(
        file: run, reason: "is no run of audio, which alone hears single moments")
    }
    try self.init(settings, of: trained)
  }

  init(_ settings: SoundExtractor.Settings, of trained: TrainedRun) throws {
    lock = KernelLock(threads: trained.threads)
    weights = settings.weights
    let heads =
      ((settings.network.classes == nil ? [] : ["logits"])
      + (settings.network.hasAffect ? ["affect"] : [])).filter { !trained.untaught.contains($0) }
    extractor = try lock.withKernels {
      try SoundExtractor(settings, outputs: ["features"] + heads, untabled: ["features"])
    }
    classes = heads.contains("logits") ? VocalEmotion.allCases.map { "\($0)" } : []
    predictsAffect = heads.contains("affect")
    featureCount = extractor.layout.range(of: "features")?.count ?? 0
  }

  /// Predicts a sound, every 40 ms, each from the 0.96 s around; before its start and behind its end there is
  /// silence.
  ///
  /// - Parameter samples: at 16 kHz, mono, −1 to 1; at least one.
  /// - Throws: `InferenceError`, `NetsError.kernel`.
  public func predict(samples: [Float]) throws -> [VoicePrediction] {
    guard !samples.isEmpty else {
      throw InferenceError.setting(name: "samples", reason: "there are none")
    }
    if let index = samples.firstIndex(where: { !$0.isFinite }) {
      throw InferenceError.samplesNotFinite(index: index)
    }
    return try lock.withKernels {
      let extent = FilmExtent.whole()
      return try extractor.rows(of: samples).enumerated().map { frame, row in
        VoicePrediction(
          seconds: extent.centreSeconds(of: frame),
          estimate: try extractor.layout.estimate(of: row, weights: weights),
          features: extractor.layout.part("features", of: row))
      }
    }
  }

  /// Predicts the sound of a file, or of a film, every 40 ms.
  ///
  /// - Parameters:
  ///   - file: four hours at most.
  ///   - progress: hears how far the work is.
  /// - Throws: `MediaError` naming the file; `InferenceError.untaught`.
  public func predict(
    sound file: String, progress: InferenceProgress = { _ in }
  ) throws -> RecordingPrediction {
    guard extractor.width > 0 else { throw InferenceError.untaught(weights: weights) }
    let work = try SoundWork(whole: file, extractor: extractor)
    try lock.finish(work, progress)
    let extent = FilmExtent.whole()
    return RecordingPrediction(
      moments: try (0..<work.table.frameCount).map { frame in
        Moment(
          frame: frame, seconds: extent.seconds(of: frame), region: nil,
          estimate: try work.table.row(frame).map {
            try extractor.tableLayout.estimate(of: $0, weights: weights)
          } ?? Estimate())
      }, periodSeconds: extent.periodSeconds, remarks: [])
  }
}
