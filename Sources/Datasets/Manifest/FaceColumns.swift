/// The columns of a list of faces while it grows.
///
/// 53 bytes a row beside its path, 65 where the rows lie in shards.
struct FaceColumns {
  private(set) var count = 0
  private let hasLocations: Bool
  private var paths: [UInt8] = []
  private var pathEnds: [UInt64] = []
  private var lines: [UInt32] = []
  private var boxes: [SIMD4<Int32>] = []
  private var eyes: [SIMD4<Float>] = []
  private var affects: [SIMD2<Float>] = []
  private var expressions: [Int8] = []
  private var offsets: [UInt64] = []
  private var sizes: [UInt32] = []

  /// Makes room for `times` as many rows as there are: growing step by step would need the memory of the
  /// columns twice.
  mutating func reserve(times: Double) {
    guard times > 1 && times < 1e9 else { return }
    let rows = Int(times * Double(count))
    paths.reserveCapacity(Int(times * Double(paths.count)))
    pathEnds.reserveCapacity(rows)
    lines.reserveCapacity(rows)
    boxes.reserveCapacity(rows)
    eyes.reserveCapacity(rows)
    affects.reserveCapacity(rows)
    expressions.reserveCapacity(rows)
  }

  /// No columns, of rows that lie in shards or of files.
  init(hasLocations: Bool = false) { self.hasLocations = hasLocations }

  /// Appends a record; numbers that do not fit 32 bits are cut to them.
  ///
  /// - Parameter extent: where the image is in its shard, counted in bytes.
  mutating func append(_ record: FaceRecord, extent: Range<Int>? = nil) {
    precondition((extent != nil) == hasLocations, "all rows lie in shards, or none")
    paths.append(contentsOf: record.imagePath.utf8)
    pathEnds.append(UInt64(paths.count))
    lines.append(UInt32(clamping: record.line))
    boxes.append(PackedBox(record).values)
    eyes.append(
      record.eyes.map { SIMD4(lowHalf: $0.left, highHalf: $0.right) } ?? SIMD4(repeating: .nan))
    affects.append(SIMD2(record.valence ?? .nan, record.arousal ?? .nan))
    expressions.append(Int8(record.expression?.rawValue ?? -1))
    if let extent {
      offsets.append(UInt64(extent.lowerBound))
      sizes.append(UInt32(clamping: extent.count))
    }
    count += 1
  }

  /// Appends the records of a list in shards, with their places.
  mutating func append(contentsOf records: FaceRecords) {
    for index in records.indices { append(records[index], extent: records.extent(at: index)) }
  }

  /// Puts the columns into one array of bytes, and gives up each as it goes: the memory is needed once,
  /// and once more for the largest column.
  consuming func packed(metadata: [UInt8]) -> (bytes: [UInt8], layout: FaceTableLayout) {
    guard
      let layout = FaceTableLayout(
        rows: count, pathBytes: paths.count, metadataBytes: metadata.count,
        hasLocations: hasLocations)
    else { preconditionFailure("a list has at most \(FaceTableLayout.largestRowCount) rows") }
    // Not filled first: pages that are not written yet take no memory.
    let bytes = [UInt8](unsafeUninitializedCapacity: layout.byteCount) { buffer, initializedCount in
      let bytes = UnsafeMutableRawBufferPointer(buffer)
      layout.writeHeader(to: bytes)
      var end = FaceTableLayout.headerBytes
      Self.move(&expressions, to: layout.expressions, of: bytes)
      Self.move(&pathEnds, to: layout.pathEnds, of: bytes)
      Self.move(&lines, to: layout.lines, of: bytes)
      Self.move(&boxes, to: layout.boxes, of: bytes)
      Self.move(&eyes, to: layout.eyes, of: bytes)
      Self.move(&affects, to: layout.affects, of: bytes)
      Self.move(&offsets, to: layout.offsets, of: bytes)
      Self.move(&sizes, to: layout.sizes, of: bytes)
      Self.move(&paths, to: layout.paths, of: bytes)
      UnsafeMutableRawBufferPointer(rebasing: bytes[layout.metadata]).copyBytes(from: metadata)
      for column in layout.columns {
        buffer[end..<column.lowerBound].update(repeating: 0)
        end = column.upperBound
      }
      initializedCount = layout.byteCount
    }
    return (bytes, layout)
  }

  private static func move<Element>(
    _ column: inout [Element], to range: Range<Int>, of bytes: UnsafeMutableRawBufferPointer
  ) {
    column.withUnsafeBytes {
      UnsafeMutableRawBufferPointer(rebasing: bytes[range]).copyMemory(from: $0)
    }
    column = []
  }
}
