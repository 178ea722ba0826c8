import Datasets
import Foundation
import Media

/// How speakers are dealt out to training, validation and test: the names of `data.split`.
enum SpeakerChoice: String, Sendable, ConfigurationChoice {
  /// By chance, from `data.split_seed`.
  case chance
  /// By name.
  case speakers
  /// As the list's own column says.
  case list
}

/// `data` of the stage `audio`: the utterances and how they reach the step.
struct SpeechSection: ExtendingSection {
  /// How they are loaded.
  var base = LoadingSection()
  /// The folder that sound files are in.
  var root = ""
  /// A list of utterances, relative to the root; nil for a folder with RAVDESS' names.
  var list: String?
  /// How speakers are dealt out.
  var split = SpeakerChoice.chance
  /// The part of the speakers that is for validation.
  var validationPart = 0.2
  /// The part that is for test.
  var testPart = 0.0
  /// What `chance` follows from.
  var splitSeed: UInt64 = 1
  /// Who is for validation.
  var validationSpeakers: [String] = []
  /// Who is for test.
  var testSpeakers: [String] = []
  /// The length of a patch.
  var seconds = 0.96
  /// The part of a patch that the next one of an evaluation has, too.
  var overlap = 0.5
  /// Random changes in training.
  var augmentation = SpeechAugmentationSection()

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    placeKeys + splitKeys + patchKeys + baseKeys + section("augmentation", \.augmentation)
  }

  private static var placeKeys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "root", \.root, "Folder of the sound files.",
        must: .folder, changesResult: false, isRequired: true),
      ConfigurationKey(
        "list", \.list,
        "CSV list of utterances (path, speaker, emotion or valence and arousal), relative to the root; "
          + "null for a folder whose files have RAVDESS' names.", changesResult: false),
    ]
  }

  private static var splitKeys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "split", \.split,
        "How speakers are dealt out: by chance, by name, or as the list's column split says."),
      ConfigurationKey(
        "validation_part", \.validationPart, "By chance: part of the speakers for validation.",
        must: .fraction),
      ConfigurationKey(
        "test_part", \.testPart, "By chance: part of the speakers for test, set aside.",
        must: .fraction),
      ConfigurationKey("split_seed", \.splitSeed, "What the chance of the split follows from."),
      ConfigurationKey(
        "validation_speakers", \.validationSpeakers, "By name: the speakers for validation."),
      ConfigurationKey(
        "test_speakers", \.testSpeakers, "By name: the speakers for test, set aside."),
    ]
  }

  private static var patchKeys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "seconds", \.seconds,
        "Length of a patch: training hears a random one of each utterance, evaluation all.",
        must: .from(0.05, to: 60)),
      ConfigurationKey(
        "overlap", \.overlap,
        "Part of a patch that the next one has, too, at least, where an utterance is evaluated.",
        must: .from(0, to: 0.95)),
    ]
  }

  /// Frames of a patch.
  var frames: Int { Int((seconds * 100).rounded()) }

  /// How utterances are cut, as Datasets takes it.
  func patches() throws -> SpeechPatches { try SpeechPatches(frames: frames, overlap: overlap) }

  /// The path of a list, which is relative to the root.
  func path(of list: String) -> String { list.hasPrefix("/") ? list : "\(root)/\(list)" }

  /// - Throws: `TrainerError.missingData` naming the key of what is not there.
  func requireFiles() throws {
    for (key, path) in [("data.root", root)] + (list.map { [("data.list", path(of: $0))] } ?? []) {
      guard FileManager.default.fileExists(atPath: path) else {
        throw TrainerError.missingData(path: path, key: key)
      }
    }
  }

  /// Reads all utterances, or those of another list.
  ///
  /// - Throws: `DatasetError`.
  func manifest(list other: String? = nil) throws -> SpeechManifest {
    if let path = other ?? list.map(path(of:)) {
      return try SpeechManifest.list(path, root: root, onError: base.errorPolicy)
    }
    return try SpeechManifest.ravdess(folder: root, onError: base.errorPolicy)
  }
}

/// `data.augmentation` of the stage `audio`: random changes of utterances in training.
struct SpeechAugmentationSection: ExtendingSection {
  /// How samples are mixed.
  var base = MixingSection()
  /// Stretches of time that are hidden.
  var timeMasks = 2
  /// Frames of the longest.
  var longestTimeMask = 20
  /// Ranges of bands that are hidden.
  var frequencyMasks = 2
  /// Bands of the widest.
  var widestFrequencyMask = 8
  /// Change of loudness.
  var gain = 6.0

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "time_masks", \.timeMasks, "Stretches of time that are hidden (SpecAugment).",
        must: .from(0, to: 100)),
      ConfigurationKey(
        "longest_time_mask", \.longestTimeMask, "Frames of the longest, 10 ms each.",
        must: .from(0, to: 6_000)),
      ConfigurationKey(
        "frequency_masks", \.frequencyMasks, "Ranges of mel bands that are hidden.",
        must: .from(0, to: 100)),
      ConfigurationKey(
        "widest_frequency_mask", \.widestFrequencyMask, "Bands of the widest.",
        must: .from(0, to: LogMelSpectrogram.bands)),
      ConfigurationKey(
        "gain", \.gain, "Louder or softer by up to so many decibels.", must: .from(0, to: 60)),
    ] + baseKeys
  }

  /// The other changes, as Datasets takes them; what is hidden is silent.
  var changes: SpeechAugmentation {
    SpeechAugmentation(
      masks: SpecAugment(
        timeMasks: timeMasks, longestTimeMask: longestTimeMask, frequencyMasks: frequencyMasks,
        widestFrequencyMask: widestFrequencyMask, fill: LogMelSpectrogram.silence),
      gainDecibels: Float(gain))
  }
}
