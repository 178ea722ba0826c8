import Datasets
import Media
import Nets

/// What a run trained, for whoever uses its networks: read from the run folder alone.
package struct TrainedRun {
  /// The networks.
  package enum Content {
    /// Of teacher and distill.
    case faces(FilmExtractor.Settings)
    /// Of audio.
    case voices(SoundExtractor.Settings)
    /// Of fusion.
    case fusion(TrainedFusion)
  }

  /// How a run is used, instead of what its configuration says.
  package struct Choice {
    /// As `RunEvaluation.checkpoint`.
    package var checkpoint = "best"
    /// Images or frames of a pass.
    package var batch = 32
    /// Number format; nil for the run's.
    package var precision: String?
    /// Threads of a kernel; nil for the run's.
    package var threads: Int?
    /// A model that marks eyes.
    package var landmarks: String?
    /// The runs of a fusion's extractors, where they have been moved.
    package var visual: String?
    package var audio: String?

    /// The run's own, from its best weights.
    package init() {}
  }

  /// What was trained.
  package let content: Content
  /// Threads of a kernel.
  package let threads: Int
  /// Number format of activations.
  package let precision: Precision
  /// Outputs that the training had no labels for: what they say means nothing.
  package let untaught: Set<String>
  /// What it was read from: who writes must not replace them.
  package let files: [String]
  private let choice: Choice

  /// Reads what a run says of its networks, and makes the kernels ready on this thread.
  ///
  /// - Throws: `TrainerError` naming what is missing or cannot be, and the fix.
  package init(_ run: String, _ choice: Choice = Choice()) throws {
    let folder = RunFolder(path: run)
    self.choice = choice
    switch try folder.stage() {
    case .teacher:
      (content, threads, precision) = try Self.faces(TeacherConfiguration.self, folder, choice)
    case .distill:
      (content, threads, precision) = try Self.faces(DistillConfiguration.self, folder, choice)
    case .audio:
      (content, threads, precision) = try Self.voices(folder, choice)
    case .fusion:
      let fusion = try TrainedFusion(folder, choice)
      (content, threads, precision) = (.fusion(fusion), fusion.threads, fusion.precision)
    }
    files =
      folder.files(ofModel: content.weights) + [choice.landmarks].compactMap { $0 }
      + content.filesOfExtractors
    untaught = try ModelSnapshot.untaught(ofModel: content.weights)
    try Engine.configure(threads: threads)
  }

  private typealias Loaded = (Content, threads: Int, Precision)

  private static func faces<Face: FaceConfiguration>(
    _ type: Face.Type, _ folder: RunFolder, _ choice: Choice
  ) throws -> Loaded {
    let configuration = try Face.load(file: folder.configuration, overrides: choice.overrides)
      .values
    if configuration.data.alignment == .eyes, choice.landmarks == nil {
      throw TrainerError.usage(
        "\(folder.path) learned from faces that were turned upright by their eyes: name a model that "
          + "marks them with --landmarks, such as \(FaceLandmarker.systemModel)")
    }
    let extractor = configuration.filmExtractor(
      weights: try folder.existingWeights(named: choice.checkpoint),
      boxMargin: FacesSection().margin, precision: configuration.precision, batch: choice.batch)
    return (.faces(extractor), configuration.threads, configuration.precision)
  }

  private static func voices(_ folder: RunFolder, _ choice: Choice) throws -> Loaded {
    let configuration = try AudioConfiguration.load(
      file: folder.configuration, overrides: choice.overrides
    ).values
    let extractor = configuration.soundExtractor(
      weights: try folder.existingWeights(named: choice.checkpoint),
      precision: configuration.precision, batch: choice.batch)
    return (.voices(extractor), configuration.threads, configuration.precision)
  }
}

extension TrainedRun.Content {
  /// The file of the weights.
  var weights: String {
    switch self {
    case .faces(let film): film.weights
    case .voices(let sound): sound.weights
    case .fusion(let fusion): fusion.weights
    }
  }

  /// What else a network of fusion is read from.
  fileprivate var filesOfExtractors: [String] {
    if case .fusion(let fusion) = self { fusion.filesOfExtractors } else { [] }
  }
}

extension TrainedRun.Choice {
  /// As overrides of the run's configuration.
  var overrides: [String] {
    [precision.map { "precision=\($0)" }, threads.map { "threads=\($0)" }].compactMap { $0 }
  }

  /// Those of a run of fusion.
  var overridesOfFusion: [String] {
    overrides
      + [
        visual.map { "fusion.visual=\($0.yaml)" }, audio.map { "fusion.audio=\($0.yaml)" },
        landmarks.map { "faces.landmarks=\($0.yaml)" },
      ].compactMap { $0 }
  }
}

extension RunFolder {
  /// The files that say what the run trained, those that only some stages have among them.
  func files(ofModel weights: String) -> [String] {
    [configuration, weights, standardisation, postProcessing, metrics]
      + ["\(DurableFiles.parent(of: weights))/\(CheckpointStore.stateFile)"]
  }

  /// The file of a run's weights, see `weights(named:)`.
  ///
  /// - Throws: `TrainerError.usage` where there is no such file, beside what that throws.
  func existingWeights(named name: String) throws -> String {
    let weights = try weights(named: name)
    guard DurableFiles.exists(weights) else {
      throw TrainerError.usage("the weights '\(weights)' do not exist")
    }
    return weights
  }
}
