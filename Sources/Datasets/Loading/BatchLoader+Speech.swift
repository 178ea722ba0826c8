extension BatchLoader {
  /// Starts loading utterances as patches of log-mel energies.
  ///
  /// In training, the samples of requests are the manifest's records, of which random stretches are
  /// read; in evaluation they are `patches`. All else is as for faces.
  ///
  /// - Parameters:
  ///   - cut: how long a patch is.
  ///   - patches: what evaluation reads.
  ///   - onError: what happens to utterances that cannot be used.
  /// - Throws: `DatasetError.setting`, `MediaError.codec`.
  public convenience init(
    manifest: SpeechManifest, cut: SpeechPatches, patches: [SpeechPatch] = [],
    augmentation: SpeechAugmentation, mode: Mode,
    requests: sending some Sequence<MicroBatchRequest>, seed: UInt64, microBatch: Int, workers: Int,
    queueDepth: Int, format: SampleFormat = .plain, mixing: BatchMixing = .none,
    onError: ErrorPolicy
  ) throws {
    try self.init(
      shape: UtteranceReader.shape(of: cut), mode: mode, requests: requests, seed: seed,
      microBatch: microBatch, workers: workers, queueDepth: queueDepth, format: format,
      mixing: mixing, onError: onError,
      name: { manifest.records[patches.isEmpty ? $0 : Int(patches[$0].utterance)].audioPath }
    ) {
      try UtteranceReader(
        manifest: manifest, cut: cut, patches: patches, augmentation: augmentation, format: format)
    }
  }
}
