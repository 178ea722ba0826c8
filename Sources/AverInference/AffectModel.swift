import Datasets
import Media
import Trainer

/// A network that follows valence and arousal over time by what is seen and heard: of the stage fusion. The
/// expression of the face is what its visual extractor says.
///
/// Sendable because `lock` is held wherever networks and their buffers are used.
public final class AffectModel: @unchecked Sendable {
  /// The classes of expression, in the order of `Estimate.probabilities`; empty for a network that hears alone, or
  /// whose visual extractor was never taught them.
  public let classes: [String]
  /// Whether it sees films.
  public let sees: Bool
  /// Whether it hears sounds.
  public let hears: Bool

  private let lock: KernelLock
  private let fusion: TrainedFusion
  private let faceRows: [any FaceRows]
  private let soundRows: (any SoundRows)?
  /// Where the rows of the last of `faceRows` have what its heads say.
  private let layout: RowLayout?
  private let faces: FaceSource
  private let workers: Int

  /// Loads the model of a run.
  ///
  /// - Throws: an error whose description names the file and the fix, also for a run of another stage.
  public convenience init(run: String, options: InferenceOptions = InferenceOptions()) throws {
    let trained = try TrainedRun(run, options)
    guard case .fusion(let fusion) = trained.content else {
      throw InferenceError.senseless(
        file: run, reason: "is no run of fusion, which alone follows recordings over time")
    }
    try self.init(fusion, threads: trained.threads, options)
  }

  init(_ fusion: TrainedFusion, threads: Int, _ options: InferenceOptions) throws {
    self.fusion = fusion
    lock = KernelLock(threads: threads)
    let (seen, heard) = try lock.withKernels {
      (
        try fusion.faceRows(
          outputs: ["logits"], sideBySide: options.networks(ofThreads: threads)),
        try fusion.soundRows()
      )
    }
    (faceRows, layout, soundRows) = (seen.rows, seen.layout, heard)
    sees = fusion.sees
    hears = fusion.hears
    classes = layout?.range(of: "logits") != nil ? Expression.allCases.map { "\($0)" } : []
    faces = fusion.faces.searched(by: options)
    workers = options.workers
  }

  /// Predicts a film with its sound, every 40 ms.
  ///
  /// - Parameters:
  ///   - file: any film that FFmpeg reads; four hours at most where the network hears.
  ///   - progress: hears how far the work is.
  ///   - observe: see `FaceModel.predict(film:progress:observe:)`.
  /// - Throws: `MediaError` naming the file; `TrainerError.outputsNotFinite`.
  public func predict(
    film file: String, progress: InferenceProgress = { _ in }, observe: FrameObserver? = nil
  ) throws -> RecordingPrediction {
    guard sees else { return try predict(sound: file, progress: progress) }
    let film = try FilmWork(
      film: file, faces: faces, extent: .whole(), extractors: faceRows, threads: workers,
      observe: FilmWork.observer(observe))
    try lock.finish(film) { progress($0 * (hears ? 0.7 : 0.95)) }
    let frames = film.table.frameCount
    let sound = try soundTable(ofFilm: file, frames: frames) { progress(0.7 + 0.25 * $0) }
    let affect = try lock.withKernels {
      try fusion.predict(
        film: film.table.presentCount == 0 ? nil : film.table, sound: sound, frames: frames)
    }
    progress(1)
    return RecordingPrediction(
      moments: try moments(affect, film), periodSeconds: FilmExtent.whole().periodSeconds,
      remarks: film.faceRemarks
        + remarks(lacking: [
          film.table.presentCount == 0 ? "face" : nil, hears && sound == nil ? "sound" : nil,
        ]))
  }

  /// Predicts a sound alone, every 40 ms.
  ///
  /// - Throws: `MediaError` naming the file, `InferenceError.senseless` by a network that only sees.
  public func predict(
    sound file: String, progress: InferenceProgress = { _ in }
  ) throws -> RecordingPrediction {
    guard let soundRows else {
      throw InferenceError.senseless(
        file: file, reason: "is sound alone, and the network only sees; give it a film")
    }
    let work = try SoundWork(whole: file, extractor: soundRows)
    try lock.finish(work) { progress($0 * 0.95) }
    let frames = work.framesInAll - soundRows.rowsBehind
    let affect = try lock.withKernels {
      try fusion.predict(film: nil, sound: work.table, frames: frames)
    }
    progress(1)
    return RecordingPrediction(
      moments: try moments(affect, nil), periodSeconds: FilmExtent.whole().periodSeconds,
      remarks: remarks(lacking: [sees ? "film" : nil]))
  }

  /// The rows of a film's sound; nil where it has none, or the network hears none.
  private func soundTable(
    ofFilm file: String, frames: Int, _ progress: InferenceProgress
  ) throws -> FeatureTable? {
    guard let soundRows else { return nil }
    do {
      let work = try SoundWork(file: file, lasting: frames, extractor: soundRows)
      try lock.finish(work, progress)
      return work.table
    } catch MediaError.noSoundTrack {
      return nil
    }
  }

  private func moments(_ affect: [SIMD2<Float>], _ film: FilmWork?) throws -> [Moment] {
    try affect.enumerated().map { frame, affect in
      // Rows without a layout are not of an extractor.
      var estimate =
        try layout.flatMap { layout in
          try film?.tables.last?.row(frame).map {
            try layout.estimate(of: $0, weights: fusion.visual?.weights ?? "")
          }
        } ?? Estimate()
      (estimate.valence, estimate.arousal) = (affect.x, affect.y)
      return Moment(
        frame: frame, seconds: FilmExtent.whole().seconds(of: frame),
        region: film?.regions[frame] ?? nil, estimate: estimate)
    }
  }

  /// Says what the network did without, and whether it has learned to.
  private func remarks(lacking: [String?]) -> [String] {
    lacking.compactMap { $0 }.map { lack in
      "there is no \(lack); "
        + (fusion.canDoWithoutOne
          ? "the network has learned to do without"
          : "the network has not learned to do without (fusion.modality_dropout): do not rely on what it says")
    }
  }
}

extension FaceSource {
  /// The same search with what options say otherwise.
  fileprivate func searched(by options: InferenceOptions) -> FaceSource {
    guard case .detector(let search, let landmarks) = self else { return self }
    return .detector(options.search(search), landmarks: landmarks)
  }
}
