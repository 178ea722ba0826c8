import Foundation

/// The shards of a list, opened when they are needed; any thread may ask.
///
/// Sendable because `lock` is held wherever `open` and `uses` are touched.
final class OpenShards: @unchecked Sendable {
  /// More would meet the system's limit of open files; those used longest ago are closed.
  private static let mostOpen = 256

  let manifest: FaceManifest
  private let shards: [Shard]
  private let firstSamples: [Int]
  private let lock = NSLock()
  private var open: [Int: (shard: OpenShard, lastUse: Int)] = [:]
  private var uses = 0

  /// nil where the images are files.
  init?(of manifest: FaceManifest) {
    guard let shards = manifest.shards else { return nil }
    self.manifest = manifest
    self.shards = shards
    firstSamples = shards.reduce(into: [0]) { first, shard in
      first.append(first[first.count - 1] + shard.sampleCount)
    }
  }

  /// The shard of a sample.
  func shard(of sample: Int) throws(DatasetError) -> OpenShard {
    let index = index(ofShardWith: sample)
    lock.lock()
    defer { lock.unlock() }
    uses += 1
    if let shard = open[index]?.shard {
      open[index] = (shard, uses)
      return shard
    }
    let shard = try opened(index)
    if open.count >= Self.mostOpen,
      let oldest = open.min(by: { $0.value.lastUse < $1.value.lastUse })
    {
      // Whoever still reads from it keeps it open.
      open[oldest.key] = nil
    }
    open[index] = (shard, uses)
    return shard
  }

  /// What messages call a sample's image.
  func name(of sample: Int) -> String {
    "\(path(ofShardWith: sample)): \(manifest.records[sample].imagePath)"
  }

  /// The file that a sample is in.
  func path(ofShardWith sample: Int) -> String { path(index(ofShardWith: sample)) }

  private func opened(_ index: Int) throws(DatasetError) -> OpenShard {
    let shard = try OpenShard(path: path(index))
    guard shard.byteCount == shards[index].byteCount else {
      throw .staleIndex(
        index: manifest.path, shard: shard.path,
        reason: "\(shard.byteCount) bytes, listed with \(shards[index].byteCount)")
    }
    return shard
  }

  private func path(_ index: Int) -> String { "\(manifest.root)/\(shards[index].name)" }

  private func index(ofShardWith sample: Int) -> Int {
    var (low, high) = (0, shards.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if firstSamples[middle] <= sample { low = middle } else { high = middle }
    }
    return low
  }
}

/// Reads images out of shards, each with one call; each thread has its own.
final class ShardReader {
  private let shards: OpenShards
  private var storage = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  init(_ shards: OpenShards) { self.shards = shards }

  deinit { storage.deallocate() }

  /// What messages call a sample's image.
  func name(of sample: Int) -> String { shards.name(of: sample) }

  /// The file of a sample's image, valid until the next call.
  ///
  /// The header before it is read with it and has to be that of the image: so a shard that was written
  /// anew since it was listed is noticed wherever it differs.
  ///
  /// - Throws: `DatasetError`.
  func bytes(of sample: Int) throws -> UnsafeRawBufferPointer {
    guard let extent = shards.manifest.records.extent(at: sample),
      extent.lowerBound >= TarHeader.blockBytes
    else { preconditionFailure("a list with shards has a place for each sample") }
    let shard = try shards.shard(of: sample)
    let count = TarHeader.blockBytes + extent.count
    if count > storage.count {
      storage.deallocate()
      storage = .allocate(byteCount: count, alignment: 16)
    }
    let read = UnsafeMutableRawBufferPointer(rebasing: storage[..<count])
    try shard.read(into: read, at: extent.lowerBound - TarHeader.blockBytes)
    let header = UnsafeRawBufferPointer(rebasing: read[..<TarHeader.blockBytes])
    try check(header, sample, extent, shard)
    return UnsafeRawBufferPointer(rebasing: read[TarHeader.blockBytes...])
  }

  /// Tells the system what will be read soon.
  ///
  /// - Parameter samples: each range in one shard.
  func willNeed(_ samples: [Range<Int>]) {
    let records = shards.manifest.records
    for range in samples {
      // What cannot be opened shows, with its name, when it is read.
      guard let first = records.extent(at: range.lowerBound),
        let last = records.extent(at: range.upperBound - 1), first.lowerBound < last.upperBound,
        let shard = try? shards.shard(of: range.lowerBound)
      else { continue }
      shard.willNeed(first.lowerBound..<last.upperBound)
    }
  }

  private func check(
    _ block: UnsafeRawBufferPointer, _ sample: Int, _ extent: Range<Int>, _ shard: OpenShard
  ) throws {
    let name = shards.manifest.records[sample].imagePath
    let header = try? TarHeader(block)
    if let header, header.byteCount == extent.count,
      TarReader.withoutLeadingDots(header.name) == name
    {
      return
    }
    // A record before the header may give the member another name, and another size.
    if header != nil, TarReader.recordsName(.init(name: name, extent: extent), in: shard) { return }
    throw DatasetError.staleIndex(
      index: shards.manifest.path, shard: shard.path,
      reason: "'\(name)' is not at byte \(extent.lowerBound)")
  }
}
