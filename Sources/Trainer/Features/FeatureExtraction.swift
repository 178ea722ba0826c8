import Media

/// Features that somebody wants: of one recording's film or sound.
struct FeatureItem {
  /// The recording's name, for messages and the file's name.
  var recording: String
  /// Frames of the recording.
  var frames: Range<Int>
  /// Rows of its table: of those frames, and of some behind them.
  var rows: Int
  /// What decides the features.
  var key: FeatureKey
  /// Where they are kept.
  var path: String
}

/// Makes the features of recordings that a cache lacks.
final class FeatureExtraction: SharedWork {
  private let cache: FeatureCache
  private let beginWork: (FeatureItem) throws -> any FeatureWork

  /// - Parameter begin: begins an item's extraction.
  init(cache: FeatureCache, begin: @escaping (FeatureItem) throws -> any FeatureWork) {
    self.cache = cache
    beginWork = begin
  }

  /// Extracts what is missing, on all ranks of a job. Collective.
  ///
  /// - Parameter isStopRequested: asked now and then, on all ranks; collective.
  /// - Returns: false when a stop was requested.
  /// - Throws: `TrainerError.agreed` naming the recording and what is wrong with it.
  func run(
    _ items: [FeatureItem], job: Job, console: Console, isStopRequested: () throws -> Bool
  ) throws -> Bool {
    try job.during(.extractingFeatures) {
      if job.isRankZero { cache.removeAbandoned() }
      return try WorkSharing(job: job, work: self, console: console)
        .run(items, isStopRequested: isStopRequested)
    }
  }

  var words: WorkWords {
    WorkWords(
      result: "features", items: "films and sounds", units: "frames", folder: cache.folder)
  }

  func units(of item: FeatureItem) -> Int { item.frames.count }

  func isKept(_ item: FeatureItem) throws -> Bool {
    try cache.has(item.path, frames: item.rows, type: item.key.type) { Job.printError($0) }
  }

  func begin(
    _ item: FeatureItem, following: ArraySlice<FeatureItem>
  ) throws -> any FeatureWork { try beginWork(item) }

  func advance(_ piece: any FeatureWork) throws -> Bool { try piece.advance() }

  func progress(of piece: any FeatureWork) -> Double { piece.progress }

  func keep(_ piece: any FeatureWork, of item: FeatureItem) throws {
    try cache.write(piece.table, metadata: item.key.metadata, to: item.path)
  }

  func failure(_ error: any Error, of item: FeatureItem) -> any Error {
    error is MediaError || error is FeatureProblem
      ? TrainerError.recordingUnusable(name: item.recording, reason: "\(error)") : error
  }
}
