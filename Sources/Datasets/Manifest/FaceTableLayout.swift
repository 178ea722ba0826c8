/// Where the columns of a packed list are.
///
/// A header of 48 bytes — `AVERLIST`, version, flags, rows, bytes of all paths, bytes of the metadata and
/// eight of zero — then one array a column, each at a multiple of 8, then the paths, one behind the
/// other, and the metadata, which is JSON. Numbers are little-endian.
struct FaceTableLayout: Equatable {
  static let magic: [UInt8] = Array("AVERLIST".utf8)
  static let version: UInt32 = 1
  static let headerBytes = 48
  /// Sample indices are Int32.
  static let largestRowCount = Int(Int32.max)

  let rows: Int
  let pathBytes: Int
  let metadataBytes: Int
  let hasLocations: Bool

  /// Where each row's path ends, of 8 bytes each.
  let pathEnds: Range<Int>
  /// Lines, of 4 bytes each.
  let lines: Range<Int>
  /// x, y, width and height, of 4 bytes each; see `PackedBox`.
  let boxes: Range<Int>
  /// x and y of the left eye, and of the right one, float32; not a number where unknown.
  let eyes: Range<Int>
  /// Valence and arousal, float32; not a number where unknown.
  let affects: Range<Int>
  /// Classes of 1 byte each, −1 for none.
  let expressions: Range<Int>
  /// Where each image begins in its shard, of 8 bytes each.
  let offsets: Range<Int>
  /// Bytes of each image, of 4 bytes each.
  let sizes: Range<Int>
  let paths: Range<Int>
  let metadata: Range<Int>

  /// The layout for these counts, nil where they exceed what a list can have.
  init?(rows: Int, pathBytes: Int, metadataBytes: Int, hasLocations: Bool) {
    // Bounded like this, no sum below overflows.
    let largest = 1 << 50
    guard (0...Self.largestRowCount).contains(rows), (0...largest).contains(pathBytes),
      (0...largest).contains(metadataBytes)
    else { return nil }
    self.rows = rows
    self.pathBytes = pathBytes
    self.metadataBytes = metadataBytes
    self.hasLocations = hasLocations
    var end = Self.headerBytes
    func column(_ byteCount: Int) -> Range<Int> {
      let start = (end + 7) & ~7
      end = start + byteCount
      return start..<end
    }
    pathEnds = column(8 * rows)
    lines = column(4 * rows)
    boxes = column(16 * rows)
    eyes = column(16 * rows)
    affects = column(8 * rows)
    expressions = column(rows)
    offsets = column(hasLocations ? 8 * rows : 0)
    sizes = column(hasLocations ? 4 * rows : 0)
    paths = column(pathBytes)
    metadata = column(metadataBytes)
  }

  /// All of them, in the order of the bytes.
  var columns: [Range<Int>] {
    [pathEnds, lines, boxes, eyes, affects, expressions, offsets, sizes, paths, metadata]
  }

  /// Bytes of the whole.
  var byteCount: Int { metadata.upperBound }

  /// The layout that the header of a packed list describes.
  ///
  /// - Throws: `PackedListProblem` where it describes none, or one of another length.
  init(of bytes: [UInt8]) throws(PackedListProblem) {
    try self.init(of: bytes, byteCount: bytes.count)
  }

  /// The layout that the header of a packed list of so many bytes describes; more of it is not looked at.
  ///
  /// - Throws: `PackedListProblem` where it describes none, or one of another length.
  init(of bytes: [UInt8], byteCount: Int) throws(PackedListProblem) {
    guard bytes.count >= Self.headerBytes, bytes.starts(with: Self.magic) else {
      throw PackedListProblem("does not begin like a packed list")
    }
    func number<Value: FixedWidthInteger>(_ offset: Int, _: Value.Type) -> Value {
      Value(
        littleEndian: bytes.withUnsafeBytes {
          $0.loadUnaligned(fromByteOffset: offset, as: Value.self)
        })
    }
    let version = number(8, UInt32.self)
    guard version == Self.version else {
      throw PackedListProblem("has version \(version), and \(Self.version) is read")
    }
    let flags = number(12, UInt32.self)
    guard flags <= 1,
      let layout = Self(
        rows: Int(clamping: number(16, UInt64.self)),
        pathBytes: Int(clamping: number(24, UInt64.self)),
        metadataBytes: Int(clamping: number(32, UInt64.self)), hasLocations: flags == 1)
    else { throw PackedListProblem("has a header of impossible counts") }
    guard layout.byteCount == byteCount else {
      throw PackedListProblem("has \(byteCount) bytes where its header says \(layout.byteCount)")
    }
    self = layout
  }

  /// Writes the header.
  func writeHeader(to bytes: UnsafeMutableRawBufferPointer) {
    bytes.copyBytes(from: Self.magic)
    bytes.storeBytes(of: Self.version.littleEndian, toByteOffset: 8, as: UInt32.self)
    bytes.storeBytes(
      of: UInt32(hasLocations ? 1 : 0).littleEndian, toByteOffset: 12, as: UInt32.self)
    for (offset, value) in [(16, rows), (24, pathBytes), (32, metadataBytes), (40, 0)] {
      bytes.storeBytes(of: UInt64(value).littleEndian, toByteOffset: offset, as: UInt64.self)
    }
  }
}

/// Why bytes are no packed list.
struct PackedListProblem: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
