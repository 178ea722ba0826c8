/// Valence or arousal over the time of a recording.
public struct AffectTrace: Equatable, Sendable {
  /// What each annotator says; empty where only the gold standard is known.
  ///
  /// - Shapes: `[annotators][frames]`.
  public var individual: [[Float]]
  /// What they are taken to mean together; empty where only they are known.
  ///
  /// - Shapes: `[frames]`.
  public var gold: [Float]

  /// A trace with every field given.
  public init(individual: [[Float]], gold: [Float]) {
    self.individual = individual
    self.gold = gold
  }
}

/// One person speaking: sound, picture, and how annotators felt about it, frame by frame.
public struct Recording: Equatable, Sendable {
  /// Seconds from one frame of a trace to the next.
  public static let framePeriodSeconds = 0.04

  /// The name that all files of the recording share, such as `train_1`.
  public var name: String
  /// What the recording is for.
  public var split: Split
  /// The sound, relative to the root; nil where there is none.
  public var audioPath: String?
  /// The picture, relative to the root; nil where there is none.
  public var videoPath: String?
  /// The frame of the recording that traces begin with: 0 but for gold standards that leave out the
  /// first ones.
  public var firstFrame: Int
  /// Frames of each trace.
  public var frameCount: Int
  /// Unpleasant (−1) to pleasant (1); nil for a recording without annotations.
  public var valence: AffectTrace?
  /// Calm (−1) to excited (1); nil for a recording without annotations.
  public var arousal: AffectTrace?

  /// A recording with every field given.
  public init(
    name: String, split: Split, audioPath: String?, videoPath: String?, firstFrame: Int = 0,
    frameCount: Int, valence: AffectTrace?, arousal: AffectTrace?
  ) {
    self.name = name
    self.split = split
    self.audioPath = audioPath
    self.videoPath = videoPath
    self.firstFrame = firstFrame
    self.frameCount = frameCount
    self.valence = valence
    self.arousal = arousal
  }
}

/// The recordings of a data set.
public struct RecordingManifest: Sendable {
  /// The folder that paths are relative to.
  public var root: String
  /// The recordings, by split and then by number.
  public var recordings: [Recording]
  /// What was cut so that traces of one recording are of one length.
  public var notes: [String]

  /// A manifest with every field given.
  public init(root: String, recordings: [Recording], notes: [String] = []) {
    self.root = root
    self.recordings = recordings
    self.notes = notes
  }
}
