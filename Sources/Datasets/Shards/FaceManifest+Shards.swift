import Foundation

extension FaceManifest {
  /// Reads a list of any kind: an index of shards, shards themselves, or AffectNet's CSV.
  ///
  /// What a file is follows from how it begins; shards are named `train-{000000..000099}.tar`, or by one
  /// file that ends in `.tar`.
  ///
  /// - Parameters:
  ///   - path: the list, the index or the shards.
  ///   - root: the folder that image paths of a CSV are relative to; shards lie beside their index.
  ///   - readsEyes: whether the landmarks of a CSV are looked at, which takes most of the time.
  ///   - onError: what happens to rows and samples with bad values.
  /// - Throws: `DatasetError` naming file and line, or file and byte.
  public static func list(
    path: String, root: String, readsEyes: Bool = true, onError: ErrorPolicy
  ) throws -> FaceManifest {
    if ShardPattern.isPattern(path) {
      return try shards(ShardPattern(path), onError: onError)
    }
    let start = try InputFile.beginning(of: path, count: FaceTableLayout.magic.count)
    return start == FaceTableLayout.magic
      ? try index(path: path)
      : try affectNet(csv: path, root: root, readsEyes: readsEyes, onError: onError)
  }

  /// Whether there is what `list` would read.
  public static func listExists(path: String) -> Bool {
    guard ShardPattern.isPattern(path), let pattern = try? ShardPattern(path),
      let first = pattern.names.first
    else { return FileManager.default.fileExists(atPath: path) }
    return FileManager.default.fileExists(atPath: "\(pattern.folder)/\(first)")
  }

  /// Reads the index of shards that lie beside it.
  ///
  /// - Throws: `DatasetError.packedList`, `.staleIndex` where a shard has another size than listed.
  public static func index(path: String) throws -> FaceManifest {
    let manifest = try indexWithoutShards(path: path)
    for shard in manifest.shards ?? [] {
      let file = "\(manifest.root)/\(shard.name)"
      let size = try fileSize(file)
      guard size == shard.byteCount else {
        throw DatasetError.staleIndex(
          index: path, shard: file, reason: "\(size) bytes, listed with \(shard.byteCount)")
      }
    }
    return manifest
  }

  /// Writes the index of the manifest's shards, to a name beside `path` first.
  ///
  /// - Throws: `DatasetError.unwritable`.
  func writeIndex(to path: String) throws {
    do {
      try Data(packed).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw DatasetError.unwritable(file: path, reason: error.localizedDescription)
    }
  }

  // MARK: - Shards of any origin

  /// Lists shards, by their index where there is one that is theirs; else by one pass over the headers,
  /// whose result is kept beside the shards where that can be written.
  private static func shards(
    _ pattern: ShardPattern, onError: ErrorPolicy
  ) throws -> FaceManifest {
    let sizes = try pattern.names.map { try fileSize("\(pattern.folder)/\($0)") }
    if let known = try? indexWithoutShards(path: pattern.indexPath),
      known.shards?.map(\.name) == pattern.names, known.shards?.map(\.byteCount) == sizes,
      isNewer(pattern.indexPath, than: pattern)
    {
      try known.check(onError)
      return known
    }
    let scanned = try scan(pattern, onError: onError)
    // A folder that others filled may be closed to us: then every start scans.
    try? scanned.writeIndex(to: pattern.indexPath)
    return scanned
  }

  /// Lists shards by one pass over their headers, and writes nothing.
  static func scan(
    _ pattern: ShardPattern, onError: ErrorPolicy
  ) throws -> FaceManifest {
    var list = FaceList(path: pattern.indexPath, root: pattern.folder, shards: [])
    var tally = RowTally(file: pattern.indexPath, policy: onError)
    for name in pattern.names {
      let shard = try OpenShard(path: "\(pattern.folder)/\(name)")
      let found = try ShardScan.samples(of: shard)
      for problem in found.problems { try tally.add(problem) }
      list.append(
        Shard(name: name, byteCount: shard.byteCount, sampleCount: found.records.count),
        found.records)
      list.excluded += found.excluded
    }
    return try list.finished(tally)
  }

  private static func indexWithoutShards(path: String) throws -> FaceManifest {
    // Before there is memory for all of it.
    let header = try InputFile.beginning(of: path, count: FaceTableLayout.headerBytes)
    let byteCount = try fileSize(path)
    var bytes: [UInt8] = []
    do {
      _ = try FaceTableLayout(of: header, byteCount: byteCount)
      bytes = try InputFile.bytes(of: path)
      try relocate(&bytes, path: path, root: ShardPattern.folder(of: path))
    } catch let problem as PackedListProblem {
      throw DatasetError.packedList(file: path, reason: problem.description)
    }
    let manifest = try FaceManifest(packed: bytes, file: path)
    guard manifest.shards != nil else {
      throw DatasetError.packedList(file: path, reason: "lists no shards")
    }
    return manifest
  }

  /// The problems that were counted when the shards were listed, under the policy of today.
  private func check(_ policy: ErrorPolicy) throws {
    var tally = RowTally(file: path, policy: policy)
    for problem in problems { try tally.add(problem) }
    try tally.finish()
  }

  private static func fileSize(_ path: String) throws -> Int {
    var status = stat()
    guard stat(path, &status) == 0 else { throw DatasetError.unreadable(path, errno) }
    return Int(status.st_size)
  }

  private static func isNewer(_ index: String, than pattern: ShardPattern) -> Bool {
    func time(_ path: String) -> Double? {
      var status = stat()
      guard stat(path, &status) == 0 else { return nil }
      return Double(status.st_mtim.tv_sec) + 1e-9 * Double(status.st_mtim.tv_nsec)
    }
    guard let indexTime = time(index) else { return false }
    return pattern.names.allSatisfy { name in
      time("\(pattern.folder)/\(name)").map { $0 <= indexTime } ?? false
    }
  }
}
