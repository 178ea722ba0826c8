import Datasets
import Media

/// Shows what training heard: loads the first micro-batch of a step once more, with the same random
/// numbers, when nobody is in a hurry.
struct SpeechPreview {
  let speech: SpeechManifest
  let epochs: EpochPlan
  let cut: SpeechPatches
  let augmentation: SpeechAugmentation
  let mixing: BatchMixing
  let seed: UInt64

  /// The patches of a step's first micro-batch, as the network saw them; without any energy where one
  /// could not be read.
  ///
  /// - Parameter step: counted from 1.
  /// - Throws: `DatasetError.setting`, `MediaError.codec`.
  func images(ofStep step: Int) throws -> LogMelImages? {
    try epochs.firstMicroBatch(
      ofStep: step, sampleSize: cut.frames * LogMelSpectrogram.bands
    ) {
      try BatchLoader(
        manifest: speech, cut: cut, augmentation: augmentation, mode: .training, requests: $0,
        seed: seed, microBatch: epochs.microBatch, workers: 1, queueDepth: 1, mixing: mixing,
        onError: .skip(limit: .max))
    }.map { LogMelImages($0, frames: cut.frames) }
  }
}
