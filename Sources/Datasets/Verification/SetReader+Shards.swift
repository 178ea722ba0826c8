import Foundation

extension SetReader {
  /// A part for each index, and one for each run of shards without.
  ///
  /// Nothing is written, and where shards are named themselves, their headers are read even if an index
  /// could tell.
  func shards() throws -> [VerifiedPart] {
    if ShardPattern.isPattern(path) { return try scan(path) }
    guard DataFormat.isFolder(path) else { return try index(path).parts }
    var parts: [VerifiedPart] = []
    var listed: Set<String> = []
    for name in try format.lists(in: path) {
      let found = try index("\(path)/\(name)")
      parts += found.parts
      listed.formUnion(found.shards)
    }
    let others = try FolderListing.names(in: path).filter {
      FolderListing.fileExtension($0) == "tar" && !listed.contains($0)
    }
    return try parts + Self.patterns(of: others).flatMap { try scan("\(path)/\($0)") }
  }

  private func index(_ file: String) throws -> (parts: [VerifiedPart], shards: [String]) {
    let manifest = try log.attempt(file) { try FaceManifest.index(path: file) }
    return (
      try part(manifest, VerifiedPart.name(ofList: file), isLabelled: true),
      manifest?.shards?.map(\.name) ?? []
    )
  }

  private func scan(_ name: String) throws -> [VerifiedPart] {
    let pattern = try ShardPattern(name)
    if FileManager.default.fileExists(atPath: pattern.indexPath) {
      _ = try log.attempt(pattern.indexPath) { try FaceManifest.index(path: pattern.indexPath) }
    }
    let manifest = try read(name) { try FaceManifest.scan(pattern, onError: $0) }
    return try part(manifest, VerifiedPart.name(ofList: pattern.indexPath), isLabelled: true)
  }

  /// How many shards there are, and which names stand for several images of one.
  ///
  /// Training takes each of these images, as WebDataset does; whoever unpacks the shard keeps the last one.
  static func notes(of manifest: FaceManifest, in shards: [Shard]) -> [String] {
    var (repeated, example, first) = (0, "", 0)
    for shard in shards {
      var names: Set<String> = []
      for index in first..<(first + shard.sampleCount) {
        let name = manifest.records[index].imagePath
        if names.insert(name).inserted { continue }
        repeated += 1
        if example.isEmpty { example = "'\(name)' in \(shard.name)" }
      }
      first += shard.sampleCount
    }
    let notes = ["in \(shards.count) shards"]
    return repeated == 0
      ? notes
      : notes + ["\(repeated) with the name of another one of their shard, such as \(example)"]
  }

  /// The names of shards, with those that differ only in a number before the ending put together.
  static func patterns(of names: [String]) -> [String] {
    var numbersOfStem: [String: [String]] = [:]
    for name in names {
      let stem = FolderListing.stem(name[...])
      let digits = String(stem.reversed().prefix { $0.isASCII && $0.isNumber }.reversed())
      numbersOfStem[String(stem.dropLast(digits.count)), default: []].append(digits)
    }
    return numbersOfStem.keys.sorted().flatMap { stem -> [String] in
      let numbers = (numbersOfStem[stem] ?? []).sorted { (Int($0) ?? 0) < (Int($1) ?? 0) }
      guard let first = numbers.first, let last = numbers.last, numbers.count > 1,
        Set(numbers.map(\.utf8.count)).count == 1
      else { return numbers.map { "\(stem)\($0).tar" } }
      return ["\(stem){\(first)..\(last)}.tar"]
    }
  }
}
