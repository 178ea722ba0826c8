extension BatchLoader {
  /// Starts loading faces.
  ///
  /// - Parameters:
  ///   - requests: gone through lazily, on the background threads.
  ///   - seed: the seed of the run.
  ///   - microBatch: samples of a micro-batch; requests may ask for fewer.
  ///   - workers: threads.
  ///   - queueDepth: micro-batches that are ready or in work at a time.
  ///   - format: how samples lie in memory.
  ///   - mixing: how samples of a micro-batch are mixed; only in training.
  ///   - onError: what happens to images that cannot be used; the limit counts the images that this
  ///     loader met, each once. Who has several loaders gives them no limit and counts over all.
  /// - Throws: `DatasetError.setting`, `MediaError.codec`.
  public convenience init(
    manifest: FaceManifest, augmentation: Augmentation, mode: Mode,
    requests: sending some Sequence<MicroBatchRequest>, seed: UInt64, microBatch: Int, workers: Int,
    queueDepth: Int, format: SampleFormat = .plain, mixing: BatchMixing = .none,
    onError: ErrorPolicy
  ) throws {
    let shards = OpenShards(of: manifest)
    try self.init(
      shape: .image(size: augmentation.imageSize), mode: mode, requests: requests, seed: seed,
      microBatch: microBatch, workers: workers, queueDepth: queueDepth, format: format,
      mixing: mixing, onError: onError, name: { manifest.records[$0].imagePath }
    ) {
      try SampleReader(
        manifest: manifest, augmentation: augmentation, format: format, shards: shards)
    }
  }
}
