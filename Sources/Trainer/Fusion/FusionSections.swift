import Datasets
import Nets

// The sections that the stage fusion has of its own.

/// The names of `fusion.modalities`.
enum FusionModalities: String, Sendable, ConfigurationChoice {
  /// Film and sound.
  case both
  /// The film alone.
  case visual
  /// The sound alone.
  case audio

  /// Those that are used.
  var all: [Modality] {
    switch self {
    case .both: Modality.allCases
    case .visual: [.visual]
    case .audio: [.audio]
    }
  }
}

/// `fusion`: the extractors whose features are joined.
struct FusionSection: ConfigurationSection {
  /// The run that trained the visual one.
  var visual: String?
  /// The run that trained the audio one.
  var audio: String?
  /// Which of its weights.
  var visualWeights = "best"
  /// Which of its weights.
  var audioWeights = "best"
  /// What the network perceives.
  var modalities = FusionModalities.both
  /// How often a window lacks one of both.
  var modalityDropout = 0.0
  /// Which extractors learn.
  var fineTune = FineTuning.none

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "visual", \.visual, "Run folder of the visual extractor (teacher, distill).",
        changesResult: false),
      ConfigurationKey(
        "audio", \.audio, "Run folder of the audio extractor (audio).", changesResult: false),
      ConfigurationKey(
        "visual_weights", \.visualWeights,
        "Which weights of it: best, final, latest, or the path of a checkpoint or safetensors file.",
        changesResult: false),
      ConfigurationKey(
        "audio_weights", \.audioWeights, "The same of the audio extractor.", changesResult: false),
      ConfigurationKey(
        "modalities", \.modalities, "What the network perceives: both, or one alone."),
      ConfigurationKey(
        "modality_dropout", \.modalityDropout,
        "Probability with which a training window lacks one of both modalities, either alike.",
        must: .belowOne),
      ConfigurationKey(
        "fine_tune", \.fineTune,
        "Extractors that learn on, at optimizer.backbone_factor of the learning rate; a window then has "
          + "as many images or patches as frames."),
    ]
  }

  /// The run folder of an extractor.
  func run(of modality: Modality) -> String? { modality == .visual ? visual : audio }
  /// The run folder of an extractor, which has been named.
  func folder(of modality: Modality) -> RunFolder { RunFolder(path: run(of: modality) ?? "") }
  /// Which of its weights.
  func weights(of modality: Modality) -> String {
    modality == .visual ? visualWeights : audioWeights
  }
}

/// `features`: how extractors run, and where their features are kept.
struct FeaturesSection: ConfigurationSection {
  /// The folder; nil is the run's own.
  var cache: String?
  /// Number format of the extractors' activations.
  var precision = Precision.f32
  /// Frames of a pass.
  var batch = 32

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "cache", \.cache,
        "Folder of extracted features, which runs may share; null: features in the run folder.",
        changesResult: false),
      ConfigurationKey(
        "precision", \.precision, "Number format of the extractors' activations.",
        changesResult: false),
      ConfigurationKey(
        "batch", \.batch, "Frames that an extractor takes at once.", must: .oneTo(4096),
        changesResult: false),
    ]
  }
}

/// `faces`: where the faces of films are.
struct FacesSection: ConfigurationSection {
  /// A folder of lists; nil looks for faces.
  var tracks: String?
  /// A model that marks eyes.
  var landmarks: String?
  /// The side of the smallest face.
  var minimumPixels: Int?
  /// The detector's least score.
  var threshold = 0.0
  /// Seconds between two looks.
  var intervalSeconds = 0.0
  /// Surroundings of a box.
  var margin = 1.3

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "tracks", \.tracks,
        "Folder of face lists NAME.csv (OpenFace's columns or boxes), relative to data.root; null: "
          + "faces are looked for.", changesResult: false),
      ConfigurationKey(
        "landmarks", \.landmarks,
        "dlib's model of 68 points, for eyes where faces are looked for; null: boxes only.",
        changesResult: false),
      ConfigurationKey(
        "minimum_pixels", \.minimumPixels,
        "Side of the smallest face that is looked for; null: a sixth of the picture's shorter side.",
        must: Requirement<Int>.from(8, to: 65536).ifPresent, changesResult: false),
      ConfigurationKey(
        "threshold", \.threshold, "Score from which on something is a face.",
        must: .from(-10, to: 10), changesResult: false),
      ConfigurationKey(
        "interval_seconds", \.intervalSeconds,
        "Time between two looks; faces in between are interpolated. 0: every picture.",
        must: .from(0, to: 60), changesResult: false),
      ConfigurationKey(
        "margin", \.margin,
        "Side of the square that is cut out, by the longer side of the box; for extractors that "
          + "learned from boxes.", must: .from(0.25, to: 8), changesResult: false),
    ]
  }
}

/// `model`: the network over time.
struct FusionModelSection: ConfigurationSection {
  /// The recurrent cell.
  var name = RecurrentCell.gru
  /// Units of a direction of a layer.
  var hidden = 64
  /// Recurrent layers.
  var layers = 1
  /// Whether time is gone through both ways.
  var bidirectional = true
  /// Features of a modality.
  var width = 64
  /// How modalities are joined.
  var join = FusionJoin.concatenation
  /// Of the joined modalities.
  var dropout = 0.0
  /// Between recurrent layers.
  var recurrentDropout = 0.0
  /// Whether predictions stay in (−1, 1).
  var bounded = true

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey("name", \.name, "Cell of the recurrent network."),
      ConfigurationKey(
        "hidden", \.hidden, "Units of one direction of one layer.", must: .oneTo(1 << 14)),
      ConfigurationKey("layers", \.layers, "Recurrent layers.", must: .oneTo(64)),
      ConfigurationKey(
        "bidirectional", \.bidirectional, "Whether each layer also runs from the end to the start."),
      ConfigurationKey(
        "width", \.width, "Features of each modality after its own layers.", must: .oneTo(1 << 14)),
      ConfigurationKey("join", \.join, "How both modalities are joined."),
      ConfigurationKey(
        "dropout", \.dropout, "Part of the joined modalities that is dropped in training.",
        must: .belowOne),
      ConfigurationKey(
        "recurrent_dropout", \.recurrentDropout, "The same between two recurrent layers.",
        must: .belowOne),
      ConfigurationKey(
        "bounded", \.bounded, "Whether predictions pass through tanh, which keeps them in (-1, 1)."),
    ]
  }
}

/// `window`: how recordings are cut for the network.
struct WindowSection: ConfigurationSection {
  /// Frames of a window.
  var frames = 300
  /// Frames that neighbours share.
  var overlap = 150

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "frames", \.frames, "Frames of a window, 25 a second.", must: .from(2, to: 1 << 20)),
      ConfigurationKey(
        "overlap", \.overlap, "Frames that two neighbouring windows share.",
        must: .from(0, to: 1 << 20)),
    ]
  }
}
