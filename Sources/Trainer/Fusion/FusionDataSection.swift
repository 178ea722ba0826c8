import Datasets
import Foundation
import Media

/// Which annotations are the truth: the names of `data.labels`.
enum AnnotationChoice: String, Sendable, ConfigurationChoice {
  /// The gold standard.
  case gold
  /// The mean of all annotators.
  case mean
}

/// What becomes of a recording without film or sound: the names of `data.on_missing`.
enum MissingMediaPolicy: String, Sendable, ConfigurationChoice {
  /// It ends the run.
  case fail
  /// The network does without, as in frames without a face.
  case mask
}

/// `data`: the recordings.
struct FusionDataSection: ConfigurationSection {
  /// The data set's folder.
  var root = ""
  /// Which annotations are the truth.
  var labels = AnnotationChoice.gold
  /// What becomes of a recording without film or sound.
  var onMissing = MissingMediaPolicy.fail

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "root", \.root, "Folder of the data set (RECOLA's layout, as AVEC 2016 handed it out).",
        must: .folder, changesResult: false, isRequired: true),
      ConfigurationKey(
        "labels", \.labels, "The truth: the gold standard, or the mean of all annotators."),
      ConfigurationKey(
        "on_missing", \.onMissing,
        "A recording without film or sound ends the run (fail), or is used without it (mask).",
        changesResult: false),
    ]
  }

  /// Reads what there is to know of the recordings of some splits, but for sound and picture.
  ///
  /// - Throws: `DatasetError`, also for a recording of these splits without the annotations that are
  ///   asked for; `MediaError` for a film that may be without sound and cannot be opened.
  func recordings(of splits: Set<Split>) throws -> [AnnotatedRecording] {
    // Which of them are needed depends on what the network perceives by.
    let manifest = try RecordingManifest.recola(root: root, needsMedia: false)
    return try manifest.recordings.filter { splits.contains($0.split) }.map { recording in
      AnnotatedRecording(
        name: recording.name, split: recording.split.rawValue,
        film: recording.videoPath.map { "\(root)/\($0)" },
        sound: try sound(of: recording).map { "\(root)/\($0)" },
        firstFrame: recording.firstFrame,
        valence: try labels(recording.valence, of: recording, named: "valence"),
        arousal: try labels(recording.arousal, of: recording, named: "arousal"))
    }
  }

  /// Refuses recordings that lack what they are to be perceived by.
  ///
  /// - Throws: `FusionProblem`.
  fileprivate func checkMedia(
    of recordings: [AnnotatedRecording], _ modalities: [Modality]
  ) throws {
    let training = recordings.filter { $0.split == Split.training.rawValue }
    for modality in modalities
    where !training.isEmpty && training.allSatisfy({ $0.media(modality) == nil }) {
      throw FusionProblem.noneHas(root: root, modality: modality)
    }
    for recording in recordings {
      let missing = recording.missing(of: modalities)
      guard let first = missing.first else { continue }
      if onMissing == .fail {
        throw FusionProblem.noMedia(root: root, recording: recording.name, modality: first)
      }
      if missing == modalities {
        throw FusionProblem.nothingToPerceive(root: root, recording: recording.name)
      }
    }
  }

  /// A recording's sound, or the film with its own sound track.
  private func sound(of recording: Recording) throws -> String? {
    if let sound = recording.audioPath { return sound }
    // Where nothing may be missing, extraction says that a film has no sound track.
    guard onMissing == .mask, let film = recording.videoPath else { return recording.videoPath }
    do {
      try AudioReader(rate: AudioReader.speechRate).open("\(root)/\(film)")
      return film
    } catch MediaError.noSoundTrack {
      return nil
    }
  }

  private func labels(
    _ trace: AffectTrace?, of recording: Recording, named dimension: String
  ) throws -> [Float] {
    let found: [Float]? =
      switch labels {
      case .gold: trace?.gold
      case .mean: trace?.meanOfAnnotators
      }
    if let found, !found.isEmpty { return found }
    throw DatasetError.recording(
      folder: root, name: recording.name,
      reason: trace == nil
        ? "nobody has annotated its \(dimension)"
        : "has no \(dimension) by data.labels=\(labels.rawValue); "
          + "\(labels == .gold ? "mean" : "gold") takes the other annotations")
  }
}

extension AffectTrace {
  /// The mean of what annotators say of each frame; empty where there are none.
  fileprivate var meanOfAnnotators: [Float] {
    guard let first = individual.first else { return [] }
    return first.indices.map { frame in
      Float(individual.reduce(0) { $0 + Double($1[frame]) } / Double(individual.count))
    }
  }
}

/// A recording with its truth, as ranks send it to each other.
struct AnnotatedRecording: Codable, Equatable, Sendable {
  var name: String
  /// A `Split`.
  var split: String
  /// The film; nil where there is none.
  var film: String?
  /// The sound, or a film with one; nil where there is none.
  var sound: String?
  /// The frame that the annotations begin with.
  var firstFrame: Int
  /// `[frames]`
  var valence: [Float]
  /// `[frames]`
  var arousal: [Float]

  /// The annotated frames.
  var frames: Range<Int> { firstFrame..<(firstFrame + valence.count) }

  /// Valence and arousal of each frame.
  var labels: [SIMD2<Float>] { zip(valence, arousal).map { SIMD2($0, $1) } }

  /// The recordings of some splits.
  ///
  /// - Parameter modalities: what they are to be perceived by.
  /// - Throws: `DatasetError`, `FusionProblem`.
  static func all(
    of splits: [Split], in data: FusionDataSection, for modalities: [Modality]
  ) throws -> [AnnotatedRecording] {
    let recordings = try data.recordings(of: Set(splits))
    for split in splits where !recordings.contains(where: { $0.split == split.rawValue }) {
      throw FusionProblem.noRecordings(root: data.root, split: split)
    }
    try data.checkMedia(of: recordings, modalities)
    return recordings
  }

  /// What a modality is read from.
  func media(_ modality: Modality) -> String? { modality == .visual ? film : sound }

  /// Those of some modalities that there is nothing to read of.
  func missing(of modalities: [Modality]) -> [Modality] { modalities.filter { media($0) == nil } }
}
