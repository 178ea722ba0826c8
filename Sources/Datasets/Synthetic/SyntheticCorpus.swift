import Foundation

/// A corpus in the formats of the real data sets, each in a folder of its own: something to train on
/// where the real data cannot be had.
///
/// | folder | what |
/// | --- | --- |
/// | `affectnet` | labelled faces: expression, valence, arousal, box and landmarks |
/// | `fec` | triplets of faces, judged by six annotators each |
/// | `rafdb` | labelled faces of another population, light and camera |
/// | `unlabeled` | faces of yet other people, images only |
/// | `speech` | utterances of actors, with emotions (RAVDESS) |
/// | `recola` | people who talk, filmed, with valence and arousal by six annotators over time |
///
/// Whatever an item of a set shows is a pure function of (seed, its number), so that a folder is the
/// same to the byte whichever machine of a kind and however many threads wrote it. In every set, those
/// to test on are other people than those to train on.
public enum SyntheticCorpus {
  /// What is made.
  public struct Options: Equatable, Sendable {
    /// Labelled faces, over both splits; the other sets of faces are in fixed proportion to them. 0
    /// leaves them all out.
    public var faces: Int
    /// Utterances; 0 leaves them out.
    public var speech: Int
    /// Clips of people who talk, over both splits; 0 leaves them out.
    public var clips: Int
    /// How long a clip is; RECOLA's last 300 s.
    public var clipSeconds: Int
    /// Everybody, everything they do and all noise follow from it.
    public var seed: UInt64
    /// Height and width of pictures and clips, in pixels.
    public var imageSize: Int
    /// Threads that work.
    public var threads: Int

    /// - Parameter threads: one for each core unless given.
    public init(
      faces: Int = 2400, speech: Int = 720, clips: Int = 18, clipSeconds: Int = 30,
      seed: UInt64 = 1, imageSize: Int = 160,
      threads: Int = ProcessInfo.processInfo.activeProcessorCount
    ) {
      self.faces = faces
      self.speech = speech
      self.clips = clips
      self.clipSeconds = clipSeconds
      self.seed = seed
      self.imageSize = imageSize
      self.threads = threads
    }

    /// - Throws: `DatasetError.setting` for a value that cannot work.
    public func validate() throws {
      try DatasetError.require(
        faces == 0 || (40...10_000_000).contains(faces), "faces",
        "\(faces) is neither 0 nor 40 to 10000000")
      try DatasetError.require(
        speech == 0 || SpeechSet.possibleCounts.contains(speech), "speech",
        "\(speech) is neither 0 nor \(SpeechSet.possibleCounts.lowerBound) to "
          + "\(SpeechSet.possibleCounts.upperBound), which is all that RAVDESS has names for")
      try DatasetError.require(
        clips == 0 || (2...10_000).contains(clips), "clips", "\(clips) is neither 0 nor 2 to 10000")
      try DatasetError.require(
        (2...600).contains(clipSeconds), "clip seconds", "\(clipSeconds) is not 2 to 600")
      try DatasetError.require(
        faces + speech + clips > 0, "faces, speech, clips", "all are 0: nothing would be made")
      try DatasetError.require(
        (48...1024).contains(imageSize), "image size", "\(imageSize) is not 48 to 1024")
      try DatasetError.require(threads > 0, "threads", "\(threads) is less than 1")
    }
  }

  /// A set that was written.
  public struct WrittenSet: Equatable, Sendable {
    /// Its folder.
    public var folder: String
    /// What is in it.
    public var summary: String
    /// How long it took.
    public var seconds: Double
  }

  /// Writes the corpus.
  ///
  /// The lists come last: a folder that was interrupted has none.
  ///
  /// - Parameters:
  ///   - folder: made where it does not exist; an earlier corpus in it is replaced.
  ///   - force: writes into a folder that holds something else too, and removes nothing from it.
  /// - Returns: the sets, in the order in which they were written.
  /// - Throws: `DatasetError.folderInUse`, `.setting`, `.unwritable`; `MediaError`.
  @discardableResult
  public static func write(
    to folder: String, options: Options = Options(), force: Bool = false
  ) throws -> [WrittenSet] {
    try options.validate()
    let folder = OutputFolder(path: folder)
    try folder.prepare(sets: setNames, note: note(options), force: force)
    let sets = self.sets(options)
    var written: [WrittenSet] = []
    var rows: [[String]] = []
    for set in sets {
      let start = ContinuousClock.now
      let own = folder.subfolder(set.name)
      rows.append(try set.writeItems(to: own, threads: options.threads))
      let duration = ContinuousClock.now - start
      written.append(
        WrittenSet(folder: own.path, summary: set.summary, seconds: duration / .seconds(1)))
    }
    for (set, rows) in zip(sets, rows) {
      try set.writeLists(rows, to: folder.subfolder(set.name))
    }
    return written
  }

  /// The names of all sets' folders.
  static let setNames = ["affectnet", "fec", "rafdb", "unlabeled", "speech", "recola"]

  private static func sets(_ options: Options) -> [any SyntheticSet] {
    let (seed, faces, size) = (options.seed, options.faces, options.imageSize)
    var sets: [any SyntheticSet] = []
    if faces > 0 {
      sets = [
        AffectNetSet(seed: seed, faces: faces, imageSize: size),
        FECSet(seed: seed, pictures: faces / 2, imageSize: size * 5 / 4),
        // RAF-DB's aligned images have 100 pixels where the others have 160.
        RAFDBSet(seed: seed, faces: max(40, faces / 4), imageSize: size * 5 / 8),
        UnlabeledSet(seed: seed, faces: max(20, faces / 2), imageSize: size),
      ]
    }
    if options.speech > 0 { sets.append(SpeechSet(seed: seed, utterances: options.speech)) }
    if options.clips > 0 {
      sets.append(
        RECOLASet(
          seed: seed, clips: options.clips, seconds: options.clipSeconds, imageSize: size))
    }
    return sets
  }

  private static func note(_ options: Options) -> String {
    "A synthetic corpus: \(options.faces) labelled faces of \(options.imageSize) pixels, "
      + "\(options.speech) utterances, \(options.clips) clips of \(options.clipSeconds) s, seed \(options.seed).\n"
  }
}
