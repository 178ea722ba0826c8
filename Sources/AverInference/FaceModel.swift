import Datasets
import Media
import Trainer

/// A network that sees expression, valence and arousal in faces: of the stages teacher and distill.
///
/// Sendable because `lock` is held wherever the network, the detector and their buffers are used.
public final class FaceModel: @unchecked Sendable {
  /// The classes, in the order of `Estimate.probabilities`; empty where the run had no labels of them.
  public let classes: [String]
  /// Whether valence and arousal are predicted.
  public let predictsAffect: Bool
  /// Numbers of `FacePrediction.features`.
  public let featureCount: Int
  /// The side of the square that the network sees, in pixels.
  public let imageSize: Int

  private let lock: KernelLock
  private let options: InferenceOptions
  private let settings: FilmExtractor.Settings
  private let outputs: [String]
  private let threads: Int
  private let extractor: FilmExtractor
  /// The extractor of films, of which the one of pictures is a part; made when the first film is predicted.
  private var filmRows: ParallelExtractors?
  private let finder: FaceFinder

  /// Loads the model of a run.
  ///
  /// - Throws: an error whose description names the file and the fix, also for a run of another stage.
  public convenience init(run: String, options: InferenceOptions = InferenceOptions()) throws {
    let trained = try TrainedRun(run, options)
    guard case .faces(let settings) = trained.content else {
      throw InferenceError.senseless(
        file: run, reason: "is no run of teacher or distill, which alone see single faces")
    }
    try self.init(settings, of: trained, options)
  }

  init(
    _ settings: FilmExtractor.Settings, of trained: TrainedRun, _ options: InferenceOptions
  ) throws {
    self.settings = settings
    self.options = options
    threads = trained.threads
    outputs =
      ["features"] + Self.heads(of: settings).filter { !trained.untaught.contains($0) }
    lock = KernelLock(threads: threads)
    let extractor = try lock.withKernels { [outputs] in
      try Self.extractor(settings, outputs: outputs)
    }
    self.extractor = extractor
    finder = try FaceFinder(
      options.search(), landmarker: try options.landmarks.map { try FaceLandmarker(model: $0) })
    classes = outputs.contains("logits") ? Expression.allCases.map { "\($0)" } : []
    predictsAffect = outputs.contains("affect")
    featureCount = extractor.layout.range(of: "features")?.count ?? 0
    imageSize = settings.augmentation.imageSize
  }

  /// The outputs of a network's heads.
  private static func heads(of settings: FilmExtractor.Settings) -> [String] {
    (settings.network.embedding == nil ? [] : ["embedding"]) + ["logits"]
      + (settings.network.hasAffect ? ["affect"] : [])
  }

  private static func extractor(
    _ settings: FilmExtractor.Settings, outputs: [String]
  ) throws -> FilmExtractor {
    try FilmExtractor(settings, outputs: outputs, untabled: ["features"])
  }

  /// Films that claim to have more frames a second are looked at so often.
  private static let highestRate = 240.0

  /// Finds the faces of a picture, the surest first.
  ///
  /// - Throws: `MediaError.codec` where there is no memory.
  public func findFaces(in picture: Picture) throws -> [FaceRegion] {
    try lock.withKernels { try finder.faces(in: picture.makePixels()).map(\.region) }
  }

  /// Predicts the faces that are found in a picture, the surest first; none where there is none.
  ///
  /// - Throws: `NetsError.kernel`, `MediaError.codec`.
  public func predict(_ picture: Picture) throws -> [FacePrediction] {
    try lock.withKernels {
      let pixels = picture.makePixels()
      return try predict(try finder.faces(in: pixels), in: pixels)
    }
  }

  /// Predicts faces of a picture whose places are known, in their order.
  ///
  /// - Parameter regions: each around a face, from above the brows to the chin.
  /// - Throws: `InferenceError.region`, `NetsError.kernel`.
  public func predict(_ picture: Picture, regions: [FaceRegion]) throws -> [FacePrediction] {
    for region in regions where !region.isPart(ofPicture: picture) {
      throw InferenceError.region(region, width: picture.width, height: picture.height)
    }
    return try lock.withKernels {
      let pixels = picture.makePixels()
      return try predict(regions.map { try finder.face(in: pixels, region: $0) }, in: pixels)
    }
  }

  /// Predicts pictures that show a face each and little else, as those of the training did.
  ///
  /// - Throws: `NetsError.kernel`.
  public func predict(faces pictures: [Picture]) throws -> [FacePrediction] {
    try lock.withKernels {
      try passes(pictures.count) { index, place in
        extractor.set(whole: pictures[index].makePixels(), place: place)
      }.map { try prediction(of: $0, region: nil) }
    }
  }

  private func predict(
    _ faces: [TrackedFace], in pixels: PixelBuffer
  ) throws -> [FacePrediction] {
    let rows = try passes(faces.count) { extractor.set(faces[$0], in: pixels, place: $1) }
    return try zip(rows, faces).map { try prediction(of: $0, region: $1.region) }
  }

  /// The network's rows of some faces, a batch at a time.
  private func passes(_ count: Int, _ set: (_ index: Int, _ place: Int) -> Void) throws -> [[Float]]
  {
    var rows: [[Float]] = []
    for start in stride(from: 0, to: count, by: extractor.batch) {
      let some = start..<min(start + extractor.batch, count)
      for index in some { set(index, index - start) }
      try extractor.run()
      rows += some.map { extractor.row(of: $0 - start) }
    }
    return rows
  }

  private func prediction(of row: [Float], region: FaceRegion?) throws -> FacePrediction {
    FacePrediction(
      region: region,
      estimate: try extractor.layout.estimate(of: row, weights: settings.weights),
      features: extractor.layout.part("features", of: row),
      embedding: extractor.layout.part("embedding", of: row))
  }

  /// Follows the dominant face of a film and predicts it, frame by frame. Frames are as far from each other as
  /// the film's are on average, and each has what is shown in its middle.
  ///
  /// - Parameters:
  ///   - file: any film that FFmpeg reads, a day at most.
  ///   - progress: hears how far the work is.
  ///   - observe: hears of each frame that has a face; it must not ask this model.
  /// - Throws: `MediaError` naming the file; `TrainerError.outputsNotFinite`; `InferenceError.untaught`.
  public func predict(
    film file: String, progress: InferenceProgress = { _ in }, observe: FrameObserver? = nil
  ) throws -> RecordingPrediction {
    guard extractor.width > 0 else { throw InferenceError.untaught(weights: settings.weights) }
    let rate = try VideoReader(file).information.averageRate
    let period = 1 / min(rate, Self.highestRate)
    let rows = try lock.withKernels(extractorOfFilms)
    let work = try FilmWork(
      film: file, faces: .detector(options.search(), landmarks: options.landmarks),
      extent: .whole(periodSeconds: period), extractors: [rows], threads: options.workers,
      observe: FilmWork.observer(observe))
    try lock.finish(work, progress)
    return RecordingPrediction(
      moments: try (0..<work.table.frameCount).map { frame in
        Moment(
          frame: frame, seconds: Double(frame) * period, region: work.regions[frame],
          estimate: try work.table.row(frame).map {
            try extractor.tableLayout.estimate(of: $0, weights: settings.weights)
          } ?? Estimate())
      }, periodSeconds: period, remarks: work.faceRemarks)
  }

  private func extractorOfFilms() throws -> ParallelExtractors {
    if let filmRows { return filmRows }
    let others = try (1..<options.networks(ofThreads: threads)).map { _ in
      try Self.extractor(settings, outputs: outputs)
    }
    let rows = ParallelExtractors([extractor] + others, threads: threads)
    filmRows = rows
    return rows
  }
}

extension FaceRegion {
  /// Whether there is any of it in a picture.
  fileprivate func isPart(ofPicture picture: Picture) -> Bool {
    [x, y, width, height].allSatisfy(\.isFinite) && width >= 1 && height >= 1
      && overlap(
        with: FaceRegion(
          x: 0, y: 0, width: Float(picture.width), height: Float(picture.height))) > 0
  }
}
