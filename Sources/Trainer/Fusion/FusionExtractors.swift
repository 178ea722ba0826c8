import Datasets
import Digests
import Foundation
import Media
import Nets

/// The extractors that a configuration names, and where the faces are that the visual one sees.
///
/// Networks are loaded when the first features are asked for: where all are in the cache, none is.
final class FusionExtractors {
  private let configuration: FusionConfiguration
  private let film: FilmExtractor.Settings?
  private let sound: SoundExtractor.Settings?
  private var filmExtractor: FilmExtractor?
  private var soundExtractor: SoundExtractor?

  /// Reads what the runs say of their networks.
  ///
  /// - Throws: `TrainerError.configuration` naming the key of a run that is not what it has to be.
  init(_ loaded: LoadedConfiguration<FusionConfiguration>) throws {
    configuration = loaded.values
    let modalities = loaded.values.fusion.modalities.all
    film = modalities.contains(.visual) ? try loaded.filmExtractor() : nil
    sound = modalities.contains(.audio) ? try loaded.soundExtractor() : nil
  }

  /// The weights of an extractor.
  func weights(of modality: Modality) -> String? {
    modality == .visual ? film?.weights : sound?.weights
  }

  /// What decides a recording's features.
  ///
  /// - Parameter weights: the digest of the extractor's weights.
  /// - Throws: `FusionProblem.noMedia`, `TrainerError.system` for files that cannot be read.
  func key(
    _ recording: AnnotatedRecording, _ modality: Modality, weights: String
  ) throws -> FeatureKey {
    guard let media = recording.media(modality) else {
      throw FusionProblem.noMedia(
        root: configuration.data.root, recording: recording.name, modality: modality)
    }
    return FeatureKey(
      modality: modality, frames: recording.frames,
      extractor: (modality == .visual ? film?.summary : sound?.summary) ?? "", weights: weights,
      media: try SHA256.digest(ofFile: media).digest,
      faces: modality == .visual ? try facesKey(recording) : nil)
  }

  /// Begins the extraction of a recording's features.
  func work(_ recording: AnnotatedRecording, _ modality: Modality) throws -> any FeatureWork {
    guard let media = recording.media(modality) else {
      throw FusionProblem.noMedia(
        root: configuration.data.root, recording: recording.name, modality: modality)
    }
    if modality == .visual, let film {
      let extractor = try filmExtractor ?? FilmExtractor(film)
      filmExtractor = extractor
      return try FilmWork(
        film: media, faces: configuration.faceSource(of: recording.name),
        frames: recording.frames, extractor: extractor)
    }
    guard let sound else { preconditionFailure("only configured modalities are asked for") }
    let extractor = try soundExtractor ?? SoundExtractor(sound)
    soundExtractor = extractor
    return try SoundWork(file: media, frames: recording.frames, extractor: extractor)
  }

  private func facesKey(_ recording: AnnotatedRecording) throws -> String {
    switch configuration.faceSource(of: recording.name) {
    case .list(let file):
      guard DurableFiles.exists(file) else {
        throw DatasetError.unreadable(
          file: file, reason: "there is no list of the faces of recording \(recording.name)")
      }
      return "list " + (try SHA256.digest(ofFile: file).digest)
    case .detector(let options, let landmarks):
      let model = try landmarks.map { try SHA256.digest(ofFile: $0).digest } ?? "none"
      return "detector \(options), landmarks \(model)"
    }
  }
}

extension FusionConfiguration {
  /// Where the face of a recording is said to be.
  fileprivate func faceSource(of recording: String) -> FaceSource {
    if let tracks = trackFolder { return .list("\(tracks)/\(recording).csv") }
    return .detector(
      FaceTracker.Options(
        minimumFace: faces.minimumPixels, threshold: Float(faces.threshold),
        intervalSeconds: faces.intervalSeconds),
      landmarks: faces.landmarks)
  }

  /// The folder of face lists.
  var trackFolder: String? {
    faces.tracks.map { $0.hasPrefix("/") ? $0 : "\(data.root)/\($0)" }
  }
}

extension LoadedConfiguration<FusionConfiguration> {
  fileprivate func filmExtractor() throws -> FilmExtractor.Settings {
    switch try stage(of: .visual) {
    case .teacher: try filmExtractor(TeacherConfiguration.self)
    case .distill: try filmExtractor(DistillConfiguration.self)
    case let other: throw wrongStage(.visual, other)
    }
  }

  private func filmExtractor<Face: FaceConfiguration>(
    _ type: Face.Type
  ) throws -> FilmExtractor.Settings {
    let (run, weights) = try self.run(type, of: .visual)
    if run.data.alignment == .eyes, values.faces.tracks == nil, values.faces.landmarks == nil {
      throw TrainerError.configuration([
        mistake(
          "faces.landmarks",
          "the run \(values.fusion.visual ?? "") learned from faces that were turned upright by "
            + "their eyes: name lists with landmarks (faces.tracks) or a model that marks them, such "
            + "as \(FaceLandmarker.systemModel)")
      ])
    }
    return FilmExtractor.Settings(
      network: run.network, augmentation: run.data.augmentation(imageSize: run.model.imageSize),
      boxMargin: values.faces.margin, precision: values.features.precision,
      batch: values.features.batch, weights: weights)
  }

  fileprivate func soundExtractor() throws -> SoundExtractor.Settings {
    switch try stage(of: .audio) {
    case .audio:
      let (run, weights) = try self.run(AudioConfiguration.self, of: .audio)
      return SoundExtractor.Settings(
        network: run.network, precision: values.features.precision, batch: values.features.batch,
        weights: weights)
    case let other: throw wrongStage(.audio, other)
    }
  }

  private func folder(of modality: Modality) -> RunFolder {
    RunFolder(path: values.fusion.run(of: modality) ?? "")
  }

  private func stage(of modality: Modality) throws -> StageName {
    try naming(modality) { try folder(of: modality).stage() }
  }

  /// The configuration of an extractor's run, and its weights.
  private func run<Run: StageConfiguration>(
    _ type: Run.Type, of modality: Modality
  ) throws -> (configuration: Run, weights: String) {
    try naming(modality) {
      let folder = folder(of: modality)
      let weights = try folder.weights(named: values.fusion.weights(of: modality))
      guard DurableFiles.exists(weights) else {
        throw TrainerError.usage("the weights '\(weights)' do not exist")
      }
      return (try Run.load(file: folder.configuration).values, weights)
    }
  }

  /// Lets a failure name the key whose run it is about.
  private func naming<Value>(_ modality: Modality, _ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let error as TrainerError {
      throw TrainerError.configuration([mistake("fusion.\(modality.rawValue)", "\(error)")])
    }
  }

  private func wrongStage(_ modality: Modality, _ stage: StageName) -> TrainerError {
    let wanted = modality == .visual ? "teacher or distill" : "audio"
    return .configuration([
      mistake(
        "fusion.\(modality.rawValue)",
        "\(values.fusion.run(of: modality) ?? "") is a run of \(stage.rawValue); name one of \(wanted)"
      )
    ])
  }
}

/// What is wrong with the recordings of a fusion run.
enum FusionProblem: Error, CustomStringConvertible {
  /// A recording lacks the film or the sound.
  case noMedia(root: String, recording: String, modality: Modality)
  /// There are no recordings to train on or to choose by.
  case noRecordings(root: String, split: Split)

  var description: String {
    switch self {
    case .noMedia(let root, let recording, .visual):
      "\(root): recording \(recording) has no film in recordings_video; put it there, or set "
        + "fusion.modalities=audio"
    case .noMedia(let root, let recording, .audio):
      "\(root): recording \(recording) has no sound in recordings_audio; put it there, or set "
        + "fusion.modalities=visual"
    case .noRecordings(let root, let split):
      "\(root): has no recordings for \(split.rawValue) (\(Self.names(split)))"
    }
  }

  private static func names(_ split: Split) -> String {
    switch split {
    case .training: "train_N"
    case .validation: "dev_N"
    case .test: "test_N"
    }
  }
}
