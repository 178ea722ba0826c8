import Foundation

/// Checks a data set: every row, and every image, sound and film that rows name.
///
/// Lists are held as training holds them (53 bytes and the path for a face), and 24 bytes more for each
/// file while duplicates are looked for; rows that cannot be used take about 300 bytes each until they
/// are reported. Nothing is written but the list of findings.
public struct Verification: Sendable {
  /// How a data set is checked.
  public struct Options: Sendable {
    /// What the path is, nil to find out.
    public var format: DataFormat?
    /// The folder that paths in lists are relative to, nil for each list's own.
    public var root: String?
    /// The list or folder of a triplet list's images, nil for what lies beside it.
    public var images: String?
    /// Whether images, sounds and films are decoded and compared; otherwise they only have to be there.
    public var decodes = true
    /// Threads that decode.
    public var threads = ProcessInfo.processInfo.activeProcessorCount
    /// How many findings of each kind the report holds.
    public var shown = 20
    /// The CSV file that all findings are written to.
    public var list: String?

    /// The defaults.
    public init() {}
  }

  /// What hears how many of how many files are done.
  public typealias Progress = @Sendable (_ done: Int, _ total: Int) -> Void

  private let path: String
  private let options: Options

  /// Prepares to check what lies at `path`.
  public init(_ path: String, options: Options = Options()) {
    self.path = path
    self.options = options
  }

  /// Checks all of it.
  ///
  /// - Parameter progress: hears how many of how many files of a data set are done, from one thread at a
  ///   time.
  /// - Returns: what was found; bad data are findings and no errors.
  /// - Throws: `DatasetError.setting` for a path that is not there or cannot be told, and for a format
  ///   that does not fit it; `.unwritable` for the list of findings.
  public func run(progress: @escaping Progress = { _, _ in }) throws
    -> VerificationReport
  {
    let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    let format = try format(of: path)
    let log = try FindingLog(limit: options.shown, list: options.list)
    let sets = try sets(path, format).map { try verify($0, $1, log, progress) }
    try log.finish()
    return VerificationReport(
      path: path, sets: sets,
      counts: Dictionary(
        uniqueKeysWithValues: Finding.Kind.allCases.map { ($0.rawValue, log.counts[$0] ?? 0) }),
      findings: log.first)
  }

  private func format(of path: String) throws -> DataFormat {
    guard ShardPattern.isPattern(path) || FileManager.default.fileExists(atPath: path) else {
      throw DatasetError.setting(name: path, reason: "does not exist")
    }
    if let format = options.format { return format }
    guard let format = try DataFormat.recognised(at: path) else {
      let known = DataFormat.allCases.map(\.rawValue).joined(separator: ", ")
      throw DatasetError.setting(
        name: path, reason: "is nothing that can be told; name it with --format (\(known))")
    }
    return format
  }

  private func sets(_ path: String, _ format: DataFormat) throws -> [(String, DataFormat)] {
    guard format == .corpus else { return [(path, format)] }
    let sets = try DataFormat.sets(in: path)
    if sets.isEmpty {
      throw DatasetError.setting(name: path, reason: "none of its folders is a known data set")
    }
    return sets.map { ("\(path)/\($0.name)", $0.format) }
  }

  // MARK: - One data set

  private func verify(
    _ path: String, _ format: DataFormat, _ log: FindingLog, _ progress: @escaping Progress
  ) throws -> SetReport {
    let reader = SetReader(
      path: path, format: format, root: options.root, images: options.images, log: log)
    let parts = try reader.parts()
    let media = try inspect(parts, log, progress)
    return SetReport(path: path, format: format, parts: parts.map(\.report), media: media)
  }

  private func inspect(
    _ parts: [VerifiedPart], _ log: FindingLog, _ progress: @escaping Progress
  ) throws -> MediaReport? {
    let total = parts.reduce(0) { $0 + $1.itemCount }
    let inspection = try MediaInspection(
      threads: min(options.threads, total), isDecoding: options.decodes
    ) { progress($0, total) }
    var duplicates = DuplicateSearch(options.decodes ? parts : [])
    var tally = MediaTally(isDecoded: options.decodes)
    for (number, part) in parts.enumerated() {
      try inspection.inspect(part) { index, item, outcome in
        switch outcome {
        case .success(let facts):
          tally.add(facts)
          if let facts { duplicates.add(facts.digest, part: number, item: index) }
        case .failure(let error):
          tally.addUnusable()
          try log.add(item.finding(.media, "\(error)"))
        }
      }
    }
    try duplicates.forEachDuplicate(log.add)
    return tally.finished
  }
}
