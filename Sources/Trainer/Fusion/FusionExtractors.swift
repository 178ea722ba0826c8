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
  /// The visual one; nil where the network does not see.
  let film: FilmExtractor.Settings?
  /// The audio one; nil where the network does not hear.
  let sound: SoundExtractor.Settings?
  private var faceRows: [FrameContent: any FaceRows] = [:]
  private var soundRows: [FrameContent: any SoundRows] = [:]

  /// Reads what the runs say of their networks.
  ///
  /// - Throws: `TrainerError.configuration` naming the key of a run that is not what it has to be.
  init(_ loaded: LoadedConfiguration<FusionConfiguration>) throws {
    configuration = loaded.values
    let modalities = loaded.values.fusion.modalities.all
    film = modalities.contains(.visual) ? try loaded.filmExtractor() : nil
    sound = modalities.contains(.audio) ? try loaded.soundExtractor() : nil
  }

  /// The extractors that learn.
  var tuned: TunedExtractors {
    let tuned = configuration.fusion.fineTune.all
    return TunedExtractors(
      visual: tuned.contains(.visual) ? film : nil, audio: tuned.contains(.audio) ? sound : nil)
  }

  /// The weights of an extractor.
  func weights(of modality: Modality) -> String? {
    modality == .visual ? film?.weights : sound?.weights
  }

  /// The files that the extractors are read from, and the model that marks eyes.
  var files: [String] {
    Modality.allCases.flatMap { modality in
      weights(of: modality).map {
        configuration.fusion.folder(of: modality).files(ofModel: $0)
      } ?? []
    } + [configuration.faces.landmarks].compactMap { $0 }
  }

  /// What decides a recording's features, or what networks read.
  ///
  /// - Parameter weights: the digest of the extractor's weights; nil for what networks read.
  /// - Throws: `TrainerError.system` for files that cannot be read.
  func key(
    _ recording: AnnotatedRecording, _ modality: Modality, weights: String?
  ) throws -> FeatureKey {
    FeatureKey(
      modality: modality, frames: recording.frames,
      extractor: (weights == nil ? inputSummary(of: modality) : summary(of: modality)) ?? "",
      weights: weights, media: try SHA256.digest(ofFile: media(of: recording, modality)).digest,
      faces: modality == .visual ? try facesKey(recording) : nil)
  }

  private func summary(of modality: Modality) -> String? {
    modality == .visual ? film?.summary : sound?.summary
  }

  private func inputSummary(of modality: Modality) -> String? {
    modality == .visual
      ? film.map { "\($0.cutting.size) px, \($0.cutting.placement)" }
      : sound.map { "log-mel from \($0.place.samplesBefore) samples ahead" }
  }

  /// Rows of a recording's table.
  func rows(of recording: AnnotatedRecording, _ key: FeatureKey) -> Int {
    let behind = key.modality == .audio && key.content == .inputs ? sound?.place.framesBehind : nil
    return recording.frames.count + (behind ?? 0)
  }

  private func media(of recording: AnnotatedRecording, _ modality: Modality) -> String {
    guard let media = recording.media(modality) else {
      preconditionFailure("recordings that lack what is needed have been refused")
    }
    return media
  }

  /// Begins to make what a key stands for.
  func work(_ recording: AnnotatedRecording, _ key: FeatureKey) throws -> any FeatureWork {
    let media = media(of: recording, key.modality)
    switch key.modality {
    case .visual:
      return try FilmWork(
        film: media, faces: configuration.faceSource(of: recording.name),
        extent: .annotated(recording.frames), extractors: [try faceRows(of: key.content)])
    case .audio:
      return try SoundWork(
        file: media, frames: recording.frames, extractor: try soundRows(of: key.content))
    }
  }

  private func faceRows(of content: FrameContent) throws -> any FaceRows {
    if let known = faceRows[content] { return known }
    guard let film else { preconditionFailure("only configured modalities are asked for") }
    let rows: any FaceRows =
      content == .features
      ? try FilmExtractor(film) : try FaceCrops(film.cutting, batch: film.batch)
    faceRows[content] = rows
    return rows
  }

  private func soundRows(of content: FrameContent) throws -> any SoundRows {
    if let known = soundRows[content] { return known }
    guard let sound else { preconditionFailure("only configured modalities are asked for") }
    let rows: any SoundRows =
      content == .features
      ? try SoundExtractor(sound) : try LogMelRows(sound.place, batch: sound.batch)
    soundRows[content] = rows
    return rows
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
      // Since then frames behind the last look have faces.
      let revision = options.intervalSeconds > 0 ? ", held to the end" : ""
      return "detector \(options), landmarks \(model)\(revision)"
    }
  }
}

extension FusionConfiguration {
  /// Where the face of a recording is said to be.
  fileprivate func faceSource(of recording: String) -> FaceSource {
    trackFolder.map { .list("\($0)/\(recording).csv") } ?? faceDetection
  }

  /// How faces are found where nothing is said of them.
  var faceDetection: FaceSource {
    .detector(
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
    return run.filmExtractor(
      weights: weights, boxMargin: values.faces.margin, precision: values.features.precision,
      batch: values.features.batch)
  }

  fileprivate func soundExtractor() throws -> SoundExtractor.Settings {
    switch try stage(of: .audio) {
    case .audio:
      let (run, weights) = try self.run(AudioConfiguration.self, of: .audio)
      return run.soundExtractor(
        weights: weights, precision: values.features.precision, batch: values.features.batch)
    case let other: throw wrongStage(.audio, other)
    }
  }

  private func folder(of modality: Modality) -> RunFolder { values.fusion.folder(of: modality) }

  private func stage(of modality: Modality) throws -> StageName {
    try naming(modality) { try folder(of: modality).stage() }
  }

  /// The configuration of an extractor's run, and its weights.
  private func run<Run: StageConfiguration>(
    _ type: Run.Type, of modality: Modality
  ) throws -> (configuration: Run, weights: String) {
    try naming(modality) {
      let folder = folder(of: modality)
      let weights = try folder.existingWeights(named: values.fusion.weights(of: modality))
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
