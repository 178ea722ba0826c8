extension RecordingManifest {
  /// Frames by which traces of one recording may differ at either end: 0.4 s of five minutes.
  public static let defaultToleranceFrames = 10

  /// Reads RECOLA as AVEC 2016 handed it out.
  ///
  /// Folders are `ratings_individual/{arousal,valence}` with `train_N.csv` and `dev_N.csv`,
  /// `ratings_gold_standard/{arousal,valence}` with `.arff` files of the same names, `recordings_audio`
  /// and `recordings_video`. Each is listed once. A folder may be missing; one that is there has to
  /// have each recording, unless `needsMedia` says otherwise, and only test recordings may be without
  /// ratings. Ratings are read whole; sound and picture are not touched.
  ///
  /// Traces of one recording are cut to the frames that all of them have.
  ///
  /// - Parameters:
  ///   - root: the folder that holds these folders.
  ///   - toleranceFrames: by how many frames a trace may begin later or end earlier than another; what
  ///     is cut is told in `notes`.
  ///   - needsMedia: whether a recording has to have a film and a sound where others have.
  /// - Throws: `DatasetError` naming file, line and column: no row may be missing, repeated or out of
  ///   order.
  /// - Source: F. Ringeval et al., "Introducing the RECOLA multimodal corpus of remote collaborative and
  ///   affective interactions", EmoSPACE 2013; M. Valstar et al., "AVEC 2016", 2016.
  public static func recola(
    root: String, toleranceFrames: Int = defaultToleranceFrames, needsMedia: Bool = true
  ) throws -> RecordingManifest {
    let folders = try RecordingFolders(root: root)
    var manifest = RecordingManifest(root: root, recordings: [])
    for name in folders.names {
      manifest.recordings.append(
        try recording(
          name, in: folders, toleranceFrames, needsMedia: needsMedia, notes: &manifest.notes))
    }
    if manifest.recordings.isEmpty {
      throw DatasetError.nothingUsable(
        file: root, what: "recording",
        reason: "no train_N, dev_N or test_N in "
          + RecordingFolders.Content.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return manifest
  }

  /// Reads one recording.
  static func recording(
    _ name: RecordingName, in folders: RecordingFolders,
    _ toleranceFrames: Int = defaultToleranceFrames, needsMedia: Bool = true,
    notes: inout [String]
  ) throws -> Recording {
    try folders.checkComplete(name, needsMedia: needsMedia)
    var traces = try RecordingTraces(name, folders)
    notes += try traces.align(tolerance: toleranceFrames, root: folders.root)
    return Recording(
      name: name.text, split: name.split, audioPath: folders.path(.audio, of: name),
      videoPath: folders.path(.video, of: name), firstFrame: traces.frames.lowerBound,
      frameCount: traces.frames.count, valence: traces.trace(.individualValence, .goldValence),
      arousal: traces.trace(.individualArousal, .goldArousal))
  }
}

/// The traces of one recording.
private struct RecordingTraces {
  private let name: String
  private var traces: [RecordingFolders.Content: TimedTrace] = [:]
  /// The frames that all traces have.
  private(set) var frames = 0..<0

  init(_ name: RecordingName, _ folders: RecordingFolders) throws {
    self.name = name.text
    for content in RecordingFolders.Content.allCases {
      guard let path = folders.path(content, of: name).map({ "\(folders.root)/\($0)" }) else {
        continue
      }
      switch content {
      case .individualArousal, .individualValence:
        traces[content] = try TimedTrace(individualRatings: path)
      case .goldArousal, .goldValence:
        traces[content] = try TimedTrace(goldStandard: path, of: name.text)
      case .audio, .video: break
      }
    }
  }

  /// Cuts all traces to the frames that they share.
  ///
  /// - Returns: what was cut.
  mutating func align(tolerance: Int, root: String) throws -> [String] {
    guard let start = traces.values.map(\.firstFrame).max(),
      let end = traces.values.map(\.endFrame).min()
    else { return [] }
    var notes: [String] = []
    for (content, trace) in traces.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      let (early, late) = (start - trace.firstFrame, trace.endFrame - end)
      if early == 0 && late == 0 { continue }
      guard max(early, late) <= tolerance, start < end else {
        throw DatasetError.recording(
          folder: root, name: name,
          reason:
            "\(trace.file) has \(Self.span(trace.firstFrame..<trace.endFrame)), another trace "
            + "only \(Self.span(start..<max(start, end))); more than \(tolerance) frames differ")
      }
      notes.append(
        "\(trace.file): cut by \(early) frames at the beginning and \(late) at the end, to "
          + Self.span(start..<end))
      traces[content]?.cut(to: start..<end)
    }
    frames = start..<end
    return notes
  }

  func trace(
    _ individual: RecordingFolders.Content, _ gold: RecordingFolders.Content
  ) -> AffectTrace? {
    if traces[individual] == nil && traces[gold] == nil { return nil }
    return AffectTrace(
      individual: traces[individual]?.columns ?? [], gold: traces[gold]?.columns.first ?? [])
  }

  private static func span(_ frames: Range<Int>) -> String {
    "\(frames.count) frames from \(TimedTrace.seconds(frames.lowerBound)) s"
  }
}
