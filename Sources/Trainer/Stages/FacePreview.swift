import Datasets

/// Shows what training saw: loads the first micro-batch of a step once more, with the same random
/// numbers, when nobody is in a hurry.
struct FacePreview {
  let faces: FaceManifest
  let epochs: EpochPlan
  let augmentation: Augmentation
  let mixing: BatchMixing
  let seed: UInt64

  /// The labelled faces of a step's first micro-batch, as the network saw them; grey where one could not
  /// be read.
  ///
  /// - Parameter step: counted from 1.
  /// - Throws: `DatasetError.setting`, `MediaError.codec`.
  func images(ofStep step: Int) throws -> SampleImages? {
    guard step > 0 else { return nil }
    let loader = try BatchLoader(
      manifest: faces, augmentation: augmentation, mode: .training,
      requests: epochs.requests(steps: (step - 1)..<step, leaves: 0..<1), seed: seed,
      microBatch: epochs.microBatch, workers: 1, queueDepth: 1, mixing: mixing,
      onError: .skip(limit: .max))
    let side = augmentation.imageSize
    var values = [Float](repeating: 0, count: epochs.microBatch * side * side * 3)
    let batch = try values.withUnsafeMutableBufferPointer { try loader.next(into: $0) }
    return batch == nil ? nil : SampleImages(values, augmentation)
  }
}
