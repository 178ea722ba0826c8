/// One utterance, and what its speaker felt or played.
public struct SpeechRecord: Equatable, Sendable, Codable {
  /// The sound file, relative to the data set's root, or absolute.
  public var audioPath: String
  /// The class, nil where the data set does not say.
  public var emotion: VocalEmotion?
  /// Unpleasant (−1) to pleasant (1), nil where unknown.
  public var valence: Float?
  /// Calm (−1) to excited (1), nil where unknown.
  public var arousal: Float?
  /// Who speaks: what splits are made by.
  public var speaker: String
  /// Where in the file the utterance begins, in seconds.
  public var startSeconds: Double
  /// Where it ends, in seconds; nil for the end of the file.
  public var endSeconds: Double?
  /// What the data set says the utterance is for, nil where it does not say.
  public var split: Split?
  /// The line of the list, counted from 1; 0 for a file found in a folder.
  public var line: Int

  /// A record with every field given.
  public init(
    audioPath: String, emotion: VocalEmotion?, valence: Float? = nil, arousal: Float? = nil,
    speaker: String, startSeconds: Double = 0, endSeconds: Double? = nil, split: Split? = nil,
    line: Int
  ) {
    self.audioPath = audioPath
    self.emotion = emotion
    self.valence = valence
    self.arousal = arousal
    self.speaker = speaker
    self.startSeconds = startSeconds
    self.endSeconds = endSeconds
    self.split = split
    self.line = line
  }
}

/// A list of utterances with labels.
public struct SpeechManifest: Equatable, Sendable, Codable {
  /// The file or folder that the records come from; messages name it.
  public var path: String
  /// The folder that audio paths are relative to, unless they are absolute.
  public var root: String
  /// The usable utterances, in the order of the file.
  public var records: [SpeechRecord]
  /// What was left out because something is wrong with it.
  public var problems: [RowProblem]
  /// Files of a folder that are no utterances.
  public var otherFiles: Int

  /// A manifest with every field given.
  public init(
    path: String, root: String, records: [SpeechRecord], problems: [RowProblem] = [],
    otherFiles: Int = 0
  ) {
    self.path = path
    self.root = root
    self.records = records
    self.problems = problems
    self.otherFiles = otherFiles
  }

  /// Everybody who speaks.
  public var speakers: Set<String> { Set(records.map(\.speaker)) }

  /// Speakers whose utterances the data set itself puts into several splits, in order: what is measured
  /// on them is too good.
  public var speakersInSeveralSplits: [String] {
    var splits: [String: Set<Split>] = [:]
    for record in records {
      if let split = record.split { splits[record.speaker, default: []].insert(split) }
    }
    return splits.filter { $0.value.count > 1 }.keys.sorted(by: FolderListing.precedes)
  }

  /// Where the sound of a record is.
  public func path(of record: SpeechRecord) -> String {
    record.audioPath.hasPrefix("/") ? record.audioPath : "\(root)/\(record.audioPath)"
  }

  /// Takes over what was left out, when all is read.
  mutating func finish(_ tally: RowTally) throws {
    try tally.finish()
    problems = tally.problems
    if records.isEmpty {
      throw DatasetError.nothingUsable(
        file: path, what: "utterance",
        reason: "\(tally.count) with problems, \(otherFiles) other files")
    }
  }
}
