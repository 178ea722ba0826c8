import Datasets
import Media
import Trainer

/// A network that sees expression, valence and arousal in faces: of the stages teacher and distill.
///
/// Sendable because `lock` is held wherever the network, the detector and their buffers are used.
public final class FaceModel: @unchecked Sendable {
  /// The classes, in the order of `Estimate.probabilities`.
  public let classes = Expression.allCases.map { "\($0)" }
  /// Whether valence and arousal are predicted.
  public let predictsAffect: Bool
  /// Numbers of `FacePrediction.features`.
  public let featureCount: Int
  /// The side of the square that the network sees, in pixels.
  public let imageSize: Int

  private let lock: KernelLock
  private let options: InferenceOptions
  private let extractor: FilmExtractor
  private let finder: FaceFinder

  /// Loads the model of a run.
  ///
  /// - Throws: an error whose description names the file and the fix, also for a run of another stage.
  public convenience init(run: String, options: InferenceOptions = InferenceOptions()) throws {
    try options.validate()
    let trained = try TrainedRun(run, options.choice)
    guard case .faces(let settings) = trained.content else {
      throw InferenceError.senseless(
        file: run, reason: "is no run of teacher or distill, which alone see single faces")
    }
    try self.init(settings, threads: trained.threads, options)
  }

  init(_ settings: FilmExtractor.Settings, threads: Int, _ options: InferenceOptions) throws {
    self.options = options
    lock = KernelLock(threads: threads)
    extractor = try lock.withKernels {
      try FilmExtractor(
        settings, outputs: ["features"] + Self.heads(of: settings), untabled: ["features"])
    }
    finder = try FaceFinder(
      options.search(), landmarker: try options.landmarks.map { try FaceLandmarker(model: $0) })
    predictsAffect = settings.network.hasAffect
    featureCount = extractor.layout.range(of: "features")?.count ?? 0
    imageSize = settings.augmentation.imageSize
  }

  /// The outputs of a network's heads.
  static func heads(of settings: FilmExtractor.Settings) -> [String] {
    (settings.network.embedding == nil ? [] : ["embedding"]) + ["logits"]
      + (settings.network.hasAffect ? ["affect"] : [])
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
      }.map { prediction(of: $0, region: nil) }
    }
  }

  private func predict(
    _ faces: [TrackedFace], in pixels: PixelBuffer
  ) throws -> [FacePrediction] {
    let rows = try passes(faces.count) { extractor.set(faces[$0], in: pixels, place: $1) }
    return zip(rows, faces).map { prediction(of: $0, region: $1.region) }
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

  private func prediction(of row: [Float], region: FaceRegion?) -> FacePrediction {
    FacePrediction(
      region: region, estimate: extractor.layout.estimate(of: row),
      features: extractor.layout.part("features", of: row),
      embedding: extractor.layout.part("embedding", of: row))
  }

  /// Follows the dominant face of a film and predicts it, frame by frame.
  ///
  /// - Parameters:
  ///   - file: any film that FFmpeg reads.
  ///   - progress: hears how far the work is.
  ///   - observe: hears of each frame that has a face: its number, where the face is, and the picture, which is
  ///     valid as long as the call.
  /// - Throws: `MediaError` naming the file.
  public func predict(
    film file: String, progress: InferenceProgress = { _ in }, observe: FrameObserver? = nil
  ) throws -> RecordingPrediction {
    let rate = try VideoReader(file).information.averageRate
    let period = 1 / min(rate, Self.highestRate)
    return try lock.withKernels {
      let work = try FilmWork(
        film: file, faces: .detector(options.search(), landmarks: options.landmarks),
        extent: .whole(periodSeconds: period), extractors: [extractor], decoders: options.decoders,
        observe: observe.map { observe in { observe($0, $1.region, $2) } })
      try work.finish(progress)
      let layout = extractor.tableLayout
      return RecordingPrediction(
        moments: (0..<work.table.frameCount).map { frame in
          Moment(
            frame: frame, seconds: Double(frame) * period, region: work.regions[frame],
            estimate: work.table.row(frame).map(layout.estimate) ?? Estimate())
        }, periodSeconds: period, remarks: work.faceRemarks)
    }
  }
}

/// Hears of a frame that has a face: its number, where the face is, and the picture, which is valid as long as the
/// call.
public typealias FrameObserver = (_ frame: Int, _ region: FaceRegion, _ picture: PixelBuffer) ->
  Void

extension FaceRegion {
  /// Whether there is any of it in a picture.
  fileprivate func isPart(ofPicture picture: Picture) -> Bool {
    [x, y, width, height].allSatisfy(\.isFinite) && width >= 1 && height >= 1
      && overlap(
        with: FaceRegion(
          x: 0, y: 0, width: Float(picture.width), height: Float(picture.height))) > 0
  }
}
