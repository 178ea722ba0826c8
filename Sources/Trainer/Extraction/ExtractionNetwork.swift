import Datasets
import Media
import Nets

/// The network whose features are extracted, in the forms that images, films and sounds need; each is made
/// when it is first asked for.
final class ExtractionNetwork {
  /// How faces are found.
  struct FaceSearch {
    /// Whether images are photographs in which faces are looked for, or show nothing but a face.
    var inImages: Bool
    var options: FaceTracker.Options
    /// A model that marks eyes.
    var landmarks: String?
  }

  let width: Int
  /// What the network was read from.
  let files: [String]
  private let trained: TrainedRun.Content
  private let search: FaceSearch
  private let threads: Int
  private let workers: Int
  private let job: Job
  private var filmExtractor: FilmExtractor?
  private var soundExtractor: SoundExtractor?
  private var inference: FaceInference?
  private var photos: (list: Int, reader: PhotoReader)?
  private var loading: (list: Int, next: Int, loader: BatchLoader)?

  /// - Parameters:
  ///   - run: of teacher, distill or audio.
  ///   - workers: threads that decode images.
  /// - Throws: `NetsError` where the network is none that can be.
  init(_ run: TrainedRun, search: FaceSearch, workers: Int, job: Job) throws {
    trained = run.content
    files = run.files
    threads = run.threads
    self.search = search
    self.workers = workers
    self.job = job
    width =
      switch trained {
      case .faces(let film): try film.network.backbone.name.featureCount()
      case .voices(let sound): try sound.network.backbone.featureCount()
      case .fusion: preconditionFailure(Self.noExtractor)
      }
  }

  private static let noExtractor = "a run of fusion has been refused"

  /// The file of the weights.
  var weights: String { trained.weights }

  /// Everything that decides features, but for the weights and the files.
  var summary: String {
    switch trained {
    case .faces(let film):
      "\(film.summary); faces \(search.inImages) \(search.options) \(search.landmarks ?? "none")"
    case .voices(let sound): sound.summary
    case .fusion: preconditionFailure(Self.noExtractor)
    }
  }

  /// What computes them.
  var kernels: String { Engine.identity(threads: threads).summary }

  /// What it perceives by.
  var sense: Modality {
    if case .faces = trained { .visual } else { .audio }
  }

  /// Roughly how many frames a film or a sound has; what is broken shows when it is extracted.
  func frames(of part: ExtractionPart) -> Int {
    let seconds: Double? =
      switch part.content {
      case .images: nil
      case .film(let path): (try? VideoReader(path))?.information.durationSeconds
      case .sound(let path):
        (try? AudioReader().open(path)).flatMap { header in
          header.frames.map { Double($0) / Double(header.rate) }
        }
      }
    return max(1, FrameClock.frames(seconds: min(seconds ?? 0, VideoLimits().maximumSeconds)))
  }

  /// What it makes features of, in words.
  var units: String {
    if case .faces = trained { "images and frames" } else { "frames" }
  }

  /// Begins the face of a film.
  func film(_ path: String) throws -> any ExtractionPiece {
    let work = try FilmWork(
      film: path, faces: .detector(search.options, landmarks: search.landmarks), extent: .whole(),
      extractors: [try film()], threads: workers)
    return RecordingPiece(film: work, file: path)
  }

  /// Begins a sound.
  func sound(_ path: String) throws -> any ExtractionPiece {
    guard case .voices(let settings) = trained else {
      preconditionFailure("a network that sees is asked for images and films alone")
    }
    let extractor = try soundExtractor ?? SoundExtractor(settings)
    soundExtractor = extractor
    return RecordingPiece(sound: try SoundWork(whole: path, extractor: extractor), file: path)
  }

  /// Begins images of a list.
  ///
  /// - Parameter ahead: images of the list that follow on this rank, which are decoded ahead.
  func images(
    _ images: Range<Int>, of manifest: FaceManifest, list: Int, ahead: [Range<Int>],
    policy: ErrorPolicy
  ) throws -> any ExtractionPiece {
    if search.inImages {
      return PhotoPiece(
        images, photos: try photoReader(of: manifest, list: list), extractor: try film(),
        isLenient: policy != .fail)
    }
    let inference = try faceInference(policy)
    let loader = try loader(
      of: manifest, list: list, images: [images] + ahead, inference)
    loading?.next = ahead.first?.lowerBound ?? manifest.records.count
    return ImagePiece(images, inference: inference, width: width, loader: loader)
  }

  private func film() throws -> FilmExtractor {
    guard case .faces(let settings) = trained else {
      preconditionFailure("a network that hears is asked for sounds alone")
    }
    let extractor = try filmExtractor ?? FilmExtractor(settings)
    filmExtractor = extractor
    return extractor
  }

  private func photoReader(of manifest: FaceManifest, list: Int) throws -> PhotoReader {
    if let photos, photos.list == list { return photos.reader }
    let reader = try PhotoReader(
      of: manifest, options: search.options,
      landmarker: try search.landmarks.map { try FaceLandmarker(model: $0) })
    photos = (list, reader)
    return reader
  }

  private func faceInference(_ policy: ErrorPolicy) throws -> FaceInference {
    if let inference { return inference }
    guard case .faces(let settings) = trained else {
      preconditionFailure("a network that hears is asked for sounds alone")
    }
    let made = try FaceInference(
      network: settings.network, precision: settings.precision, weights: settings.weights,
      settings: FaceInference.Settings(
        augmentation: settings.augmentation, microBatch: settings.batch, workers: workers,
        queueBatches: Self.queueBatches, onError: policy.withoutLimit),
      job: job, hasFeatures: true)
    inference = made
    return made
  }

  /// Batches that are decoded ahead.
  private static let queueBatches = 4

  /// The loader that has the first of some images next: the one of the part before, or a new one.
  private func loader(
    of manifest: FaceManifest, list: Int, images: [Range<Int>], _ inference: FaceInference
  ) throws -> BatchLoader {
    if let loading, loading.list == list, loading.next == images[0].lowerBound {
      return loading.loader
    }
    let loader = try inference.loader(
      over: manifest,
      requests: images.flatMap { ImagePiece.requests($0, microBatch: inference.microBatch) })
    loading = (list, images[0].lowerBound, loader)
    return loader
  }
}
