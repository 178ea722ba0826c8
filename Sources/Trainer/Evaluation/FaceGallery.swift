import Datasets

/// Picks faces of an evaluation to look at: mistakes, the most confident ones first, and faces that
/// were recognised. What it picks depends on the outputs alone.
struct FaceGallery {
  /// Height and width of a picture, in pixels.
  private static let size = 96

  private let faces: FaceManifest
  private let augmentation: Augmentation

  /// - Parameter augmentation: of the evaluation, whose pictures are shown smaller.
  init(faces: FaceManifest, augmentation: Augmentation) {
    self.faces = faces
    var smaller = augmentation
    smaller.imageSize = min(Self.size, augmentation.imageSize)
    self.augmentation = smaller
  }

  /// Pictures with what the classifier said of them; those that cannot be read are left out.
  ///
  /// - Throws: `DatasetError.setting`, `MediaError.codec`.
  func pictures(of samples: ClassifiedSamples) throws -> [ReportPicture] {
    let chosen = Self.choose(from: samples)
    guard !chosen.isEmpty else { return [] }
    let loader = try BatchLoader(
      manifest: faces, augmentation: augmentation, mode: .evaluation,
      requests: [MicroBatchRequest(epoch: 0, sampleIndices: chosen.map(Int32.init))], seed: 0,
      microBatch: chosen.count, workers: 1, queueDepth: 1, onError: .skip(limit: .max))
    let side = augmentation.imageSize
    var values = [Float](repeating: 0, count: chosen.count * side * side * 3)
    let batch = try values.withUnsafeMutableBufferPointer { try loader.next(into: $0) }
    let images = SampleImages(values, augmentation)
    return try chosen.indices.compactMap { place in
      guard let batch, batch.weights[place] > 0 else { return nil }
      let sample = chosen[place]
      let (label, prediction) = (samples.labels[sample], samples.prediction(of: sample))
      return ReportPicture(
        picture: try images.picture(of: place),
        caption: Self.caption(
          label, prediction, confidence: samples.probabilities(of: sample)[prediction]),
        isRight: label == prediction)
    }
  }

  private static func caption(_ label: Int, _ prediction: Int, confidence: Double) -> String {
    let names = Expression.allCases.map { "\($0)" }
    let percent = Int((100 * confidence).rounded())
    return label == prediction
      ? "\(names[label]), \(percent) %"
      : "\(names[label]), taken for \(names[prediction]), \(percent) %"
  }

  /// The most confident mistakes, then recognised faces spread over the list.
  static func choose(from samples: ClassifiedSamples) -> [Int] {
    GalleryChoice.choose(
      from: samples.counted.map { sample in
        GalleryChoice.Candidate(
          sample: sample, isRight: samples.prediction(of: sample) == samples.labels[sample],
          weight: samples.probabilities(of: sample).max() ?? 0)
      })
  }
}
