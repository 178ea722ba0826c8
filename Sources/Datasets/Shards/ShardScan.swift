/// Lists the samples of a shard by one pass over its headers; images are not read.
///
/// The layout is WebDataset's: members that follow each other and have the same name up to the first dot
/// of the last component are one sample; what follows the dot says what a member is. An image is `jpg`,
/// `jpeg`, `png`, … (`FaceManifest.imageExtensions`); `json` or `cls` has its labels; others are ignored.
/// A sample with two members of one name is refused, as by WebDataset: nobody knows which one is meant.
///
/// - Source: https://github.com/webdataset/webdataset, "The WebDataset Format".
struct ShardScan {
  /// Longer labels than any tool writes.
  private static let longestLabels = 1 << 20

  private let shard: OpenShard
  private var key = ""
  private var image: TarReader.Member?
  private var labels = ShardLabels()
  private var hasJSON = false
  /// What the members of the sample are, as far as there are any that are taken.
  private var kinds: [String] = []
  private var flaw: ShardProblem?
  /// Samples so far, with and without an image.
  private var count = 0

  /// What a scan finds.
  struct Result {
    var records: [(record: FaceRecord, extent: Range<Int>)] = []
    var problems: [RowProblem] = []
    var excluded = 0
  }

  private init(_ shard: OpenShard) { self.shard = shard }

  /// Scans a whole shard.
  ///
  /// - Throws: `DatasetError.tar`, `.unreadable`.
  static func samples(of shard: OpenShard) throws(DatasetError) -> Result {
    var scan = ShardScan(shard)
    var result = Result()
    var reader = TarReader(shard)
    while let member = try reader.next() {
      let (key, kind) = split(member.name)
      if key != scan.key { scan.finishSample(&result) }
      scan.key = key
      try scan.take(member, kind)
    }
    scan.finishSample(&result)
    return result
  }

  /// The name up to the first dot of its last component, and what follows, in lower case.
  static func split(_ name: String) -> (key: String, kind: String) {
    let base = name.lastIndex(of: "/").map(name.index(after:)) ?? name.startIndex
    guard let dot = name[base...].firstIndex(of: ".") else { return (name, "") }
    return (String(name[..<dot]), name[name.index(after: dot)...].lowercased())
  }

  private mutating func take(_ member: TarReader.Member, _ kind: String) throws(DatasetError) {
    let isImage = FaceManifest.imageExtensions.contains(kind)
    guard isImage || kind == "json" || kind == "cls" else { return }
    if kinds.contains(kind) {
      flaw = ShardProblem("'\(member.name)' is there twice; keep one of them")
      return
    }
    kinds.append(kind)
    if isImage {
      if image == nil { image = member }
    } else if kind == "json" || !hasJSON {
      hasJSON = hasJSON || kind == "json"
      guard member.extent.count <= Self.longestLabels else {
        flaw = ShardProblem("labels of \(member.extent.count) bytes are refused")
        return
      }
      let bytes = try shard.bytes(member.extent)
      do {
        labels = try kind == "json" ? ShardLabels(json: bytes) : ShardLabels(classText: bytes)
      } catch {
        flaw = ShardProblem(column: error.column, "'\(member.name)': \(error.reason)")
      }
    }
  }

  private mutating func finishSample(_ result: inout Result) {
    defer { (image, labels, hasJSON, kinds, flaw) = (nil, ShardLabels(), false, [], nil) }
    guard !key.isEmpty else { return }
    count += 1
    do throws(ShardProblem) {
      if let flaw { throw flaw }
      guard let image else { throw ShardProblem("'\(key)' has no image") }
      guard image.extent.count <= Shard.largestImage else {
        throw ShardProblem("'\(image.name)' has \(image.extent.count) bytes")
      }
      if let record = try labels.record(imagePath: image.name, line: count) {
        result.records.append((record, image.extent))
      } else {
        result.excluded += 1
      }
    } catch {
      result.problems.append(
        RowProblem(file: shard.path, line: count, column: error.column, reason: error.reason))
    }
  }
}
