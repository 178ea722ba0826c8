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
    let side = augmentation.imageSize
    return try epochs.firstMicroBatch(ofStep: step, sampleSize: side * side * 3) {
      try BatchLoader(
        manifest: faces, augmentation: augmentation, mode: .training, requests: $0, seed: seed,
        microBatch: epochs.microBatch, workers: 1, queueDepth: 1, mixing: mixing,
        onError: .skip(limit: .max))
    }.map { SampleImages($0, augmentation) }
  }
}

extension EpochPlan {
  /// The samples of a step's first micro-batch, nil where there is no such step.
  ///
  /// - Parameters:
  ///   - step: counted from 1.
  ///   - sampleSize: numbers of a sample.
  ///   - makeLoader: makes what loads the requests, in the plain format.
  /// - Throws: what `makeLoader` throws, and `DatasetError` where the loader does not skip.
  func firstMicroBatch(
    ofStep step: Int, sampleSize: Int, makeLoader: (TrainingRequests) throws -> BatchLoader
  ) throws -> [Float]? {
    guard step > 0 else { return nil }
    let loader = try makeLoader(requests(steps: (step - 1)..<step, leaves: 0..<1))
    var values = [Float](repeating: 0, count: microBatch * sampleSize)
    let batch = try values.withUnsafeMutableBufferPointer { try loader.next(into: $0) }
    return batch == nil ? nil : values
  }
}
