import CounterRandom
import Foundation

/// Writes faces into shards, in WebDataset's layout: `000000042.jpg` and, with its labels,
/// `000000042.json`.
///
/// Images are copied as they are, byte by byte. What a shard holds follows from the list and the options
/// alone, so that several processes can write a shard each and the bytes are the same for any number of
/// them.
public struct ShardPacker: Sendable {
  /// How faces are dealt to shards.
  public struct Options: Equatable, Sendable {
    /// Images of a shard at most; nil where `bytes` decides.
    public var samples: Int?
    /// Bytes of a shard at most (but a shard has an image).
    public var bytes: Int
    /// Faces are taken in an order that follows from this seed; nil keeps the list's.
    public var shuffleSeed: UInt64?
    /// Shards that are there already and hold the right names and labels are kept.
    public var keepsFinished: Bool

    /// Options with every field given.
    public init(
      samples: Int? = nil, bytes: Int = 1 << 28, shuffleSeed: UInt64? = nil,
      keepsFinished: Bool = false
    ) {
      self.samples = samples
      self.bytes = bytes
      self.shuffleSeed = shuffleSeed
      self.keepsFinished = keepsFinished
    }
  }

  private let manifest: FaceManifest
  private let output: ShardOutput
  private let options: Options
  private let order: [Int32]

  /// - Parameters:
  ///   - manifest: faces in files.
  ///   - output: the shards' names, such as `faces-{000000}.tar`.
  /// - Throws: `DatasetError.setting` naming the option.
  public init(_ manifest: FaceManifest, to output: String, options: Options) throws {
    guard manifest.shards == nil else {
      throw DatasetError.setting(name: manifest.path, reason: "lies in shards already")
    }
    for (name, value) in [("--samples", options.samples ?? 1), ("--bytes", options.bytes)]
    where value < 1 {
      throw DatasetError.setting(name: name, reason: "\(value) is less than 1")
    }
    self.manifest = manifest
    self.output = try ShardOutput(output)
    self.options = options
    var order = Array(0..<Int32(manifest.records.count))
    if let seed = options.shuffleSeed {
      var generator = CounterRandom(seed: seed, purpose: .sampleOrder)
      order.shuffle(from: &generator)
    }
    self.order = order
  }

  /// Where the index will be.
  public var indexPath: String { ShardPattern.indexPath(ofShards: output.path) }

  /// The number of faces.
  public var count: Int { order.count }

  // MARK: - Which faces go where

  /// The bytes of some images; 0 for what cannot be asked.
  ///
  /// - Parameter places: of 0 ..< `count`; processes ask for a part each.
  public func sizes(of places: Range<Int>) -> [UInt32] {
    places.map { place in
      var status = stat()
      let path = manifest.path(of: manifest.records[Int(order[place])])
      return stat(path, &status) == 0 ? UInt32(clamping: status.st_size) : 0
    }
  }

  /// Whether `shards` needs the sizes.
  public var needsSizes: Bool { options.samples == nil && !output.isOneFile }

  /// The places that each shard takes.
  ///
  /// - Parameter sizes: of all images, where they are needed.
  /// - Throws: `DatasetError.setting` where the shards' names have too few digits for them.
  public func shards(sizes: [UInt32]) throws -> [Range<Int>] {
    if output.isOneFile { return [0..<count] }
    var shards: [Range<Int>] = []
    var (start, bytes) = (0, 0)
    for place in 0..<count {
      // An image and its labels: two headers, and two ends filled up.
      let added = needsSizes ? Int(sizes[place]) + 5 * TarHeader.blockBytes : 0
      let isFull = options.samples.map { place - start >= $0 } ?? (bytes + added > options.bytes)
      if isFull && place > start {
        shards.append(start..<place)
        (start, bytes) = (place, 0)
      }
      bytes += added
    }
    shards.append(start..<count)
    return shards
  }

  // MARK: - Writing

  /// Writes one shard.
  ///
  /// - Returns: what it holds, for `writeIndex`.
  /// - Throws: `DatasetError` naming the image or the shard.
  public func write(shard number: Int, places: Range<Int>) throws -> FaceManifest {
    let path = output.path(of: number)
    if options.keepsFinished, let finished = try finished(path, places) { return finished }
    let writer = try TarWriter(path: path)
    var rows: [(record: FaceRecord, extent: Range<Int>)] = []
    for place in places {
      var record = manifest.records[Int(order[place])]
      let image = try image(of: record)
      let name = try name(place, record)
      let extent = try image.withUnsafeBytes { try writer.append(name.image, $0) }
      let labels = ShardLabels(record)
      try labels.json.withUnsafeBytes { _ = try writer.append(name.labels, $0) }
      (record.imagePath, record.line) = (name.image, place - places.lowerBound + 1)
      rows.append((record, extent))
    }
    try writer.finish()
    return list(path, byteCount: writer.byteCount, rows)
  }

  /// Writes the index, the last of all files.
  ///
  /// - Parameter shards: what `write` gave, in the order of the shards.
  /// - Throws: `DatasetError.unwritable`.
  @discardableResult
  public func writeIndex(_ shards: [FaceManifest]) throws -> FaceManifest {
    var columns = FaceColumns(hasLocations: true)
    for shard in shards { columns.append(contentsOf: shard.records) }
    let index = FaceManifest(
      path: indexPath, root: ShardPattern.folder(of: indexPath), columns: columns,
      problems: manifest.problems, excluded: manifest.excluded,
      shards: shards.flatMap { $0.shards ?? [] })
    try index.writeIndex(to: indexPath)
    return index
  }

  private func image(of record: FaceRecord) throws -> [UInt8] {
    let path = manifest.path(of: record)
    do {
      let image = try InputFile.bytes(ofImage: path)
      if image.isEmpty { throw DatasetError.unreadable(file: path, reason: "is empty") }
      return image
    } catch {
      throw DatasetError.row(
        RowProblem(file: manifest.path, line: record.line, column: nil, reason: "\(error)"))
    }
  }

  private func name(_ place: Int, _ record: FaceRecord) throws -> (image: String, labels: String) {
    let kind = FolderListing.fileExtension(record.imagePath)
    guard FaceManifest.imageExtensions.contains(kind) else {
      let known = FaceManifest.imageExtensions.sorted().joined(separator: ", .")
      throw DatasetError.row(
        RowProblem(
          file: manifest.path, line: record.line, column: nil,
          reason: "'\(record.imagePath)' does not end in .\(known)"))
    }
    let key = ShardPattern.padded(place, digits: 9)
    return ("\(key).\(kind)", "\(key).json")
  }

  private func list(
    _ path: String, byteCount: Int, _ rows: [(record: FaceRecord, extent: Range<Int>)]
  ) -> FaceManifest {
    var columns = FaceColumns(hasLocations: true)
    for row in rows { columns.append(row.record, extent: row.extent) }
    let name = path.split(separator: "/").last.map(String.init) ?? path
    return FaceManifest(
      path: path, root: ShardPattern.folder(of: path), columns: columns,
      shards: [Shard(name: name, byteCount: byteCount, sampleCount: rows.count)])
  }

  /// What a shard holds that an earlier run wrote, nil where it is to be written (again).
  private func finished(_ path: String, _ places: Range<Int>) throws -> FaceManifest? {
    guard let shard = try? OpenShard(path: path), let found = try? ShardScan.samples(of: shard),
      found.problems.isEmpty, found.records.count == places.count
    else { return nil }
    for (place, row) in zip(places, found.records) {
      var expected = manifest.records[Int(order[place])]
      (expected.imagePath, expected.line) = (try name(place, expected).image, row.record.line)
      let size = sizes(of: place..<(place + 1))[0]
      guard row.record == expected, row.extent.count == Int(size) else { return nil }
    }
    return list(path, byteCount: shard.byteCount, found.records)
  }
}

/// Where shards are written: a path with the number of the first one in braces, or of a single file.
private struct ShardOutput {
  let path: String
  private let parts: (before: String, digits: Int, after: String)?

  var isOneFile: Bool { parts == nil }

  /// - Throws: `DatasetError.setting` naming the form that is understood.
  init(_ path: String) throws {
    self.path = path
    let isWhole = path.hasSuffix(".tar")
    guard isWhole, let open = path.firstIndex(of: "{"), let close = path.lastIndex(of: "}") else {
      guard isWhole, !path.contains(where: { "{}".contains($0) }) else { throw Self.refused(path) }
      parts = nil
      return
    }
    guard open < close, case let number = path[path.index(after: open)..<close],
      !number.isEmpty, number.allSatisfy({ $0 == "0" })
    else { throw Self.refused(path) }
    parts = (String(path[..<open]), number.count, String(path[path.index(after: close)...]))
  }

  func path(of number: Int) -> String {
    parts.map { $0.before + ShardPattern.padded(number, digits: $0.digits) + $0.after } ?? path
  }

  private static func refused(_ path: String) -> DatasetError {
    .setting(
      name: path, reason: "shards are named such as faces-{000000}.tar, one file such as faces.tar")
  }
}
