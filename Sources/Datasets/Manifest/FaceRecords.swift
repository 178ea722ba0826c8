/// The records of a manifest, made when they are asked for.
///
/// They lie in one array of bytes, column by column: 53 bytes a row and its path (12 more where the
/// rows lie in shards), in a handful of allocations, whatever the number of rows. Copies share it.
public struct FaceRecords: RandomAccessCollection, Sendable {
  let bytes: [UInt8]
  let layout: FaceTableLayout

  /// Records of columns, which are given up.
  init(columns: consuming FaceColumns, metadata: [UInt8]) {
    (bytes, layout) = (consume columns).packed(metadata: metadata)
  }

  /// - Parameter bytes: what `FaceColumns.packed` makes.
  /// - Throws: `PackedListProblem` where they are anything else.
  init(packed bytes: [UInt8]) throws(PackedListProblem) {
    layout = try FaceTableLayout(of: bytes)
    self.bytes = bytes
    // C would read such a path only up to there, and open another file.
    if bytes[layout.paths].contains(0) { throw PackedListProblem("has a path with a NUL byte") }
    if let row = firstImpossibleRow { throw PackedListProblem("row \(row) has impossible values") }
  }

  /// Always 0.
  public var startIndex: Int { 0 }
  /// The number of records.
  public var endIndex: Int { layout.rows }

  /// The record at `index`.
  public subscript(index: Int) -> FaceRecord {
    precondition(indices.contains(index), "there are \(count) records")
    let affect = affect(at: index)
    let box = PackedBox(value(layout.boxes, index, SIMD4<Int32>.self))
    let eyes = value(layout.eyes, index, SIMD4<Float>.self)
    return FaceRecord(
      imagePath: path(at: index),
      faceBox: box.pixels, fractionalBox: box.fractions,
      eyes: eyes.x.isNaN ? nil : EyeCenters(left: eyes.lowHalf, right: eyes.highHalf),
      expression: expression(at: index), valence: affect.x.isNaN ? nil : affect.x,
      arousal: affect.y.isNaN ? nil : affect.y, line: Int(value(layout.lines, index, UInt32.self)))
  }

  /// How many records have eyes.
  public var countWithEyes: Int {
    indices.count { !value(layout.eyes, $0, SIMD4<Float>.self).x.isNaN }
  }

  /// The class of the record at `index`, without making the record.
  public func expression(at index: Int) -> Expression? {
    Expression(rawValue: Int(expressionCode(at: index)))
  }

  /// Valence and arousal of the record at `index`, each NaN where it is unknown.
  public func affect(at index: Int) -> SIMD2<Float> {
    value(layout.affects, index, SIMD2<Float>.self)
  }

  /// The class of the record at `index`, −1 where it has none.
  func expressionCode(at index: Int) -> Int8 { value(layout.expressions, index, Int8.self) }

  /// Where the image is in its shard, counted in bytes; nil for records of files.
  func extent(at index: Int) -> Range<Int>? {
    guard layout.hasLocations else { return nil }
    let offset = Int(value(layout.offsets, index, UInt64.self))
    return offset..<(offset + Int(value(layout.sizes, index, UInt32.self)))
  }

  private func path(at index: Int) -> String {
    let start = index == 0 ? 0 : Int(value(layout.pathEnds, index - 1, UInt64.self))
    let end = Int(value(layout.pathEnds, index, UInt64.self))
    return bytes.withUnsafeBytes {
      let base = layout.paths.lowerBound
      return String(decoding: $0[(base + start)..<(base + end)], as: UTF8.self)
    }
  }

  private func value<Value>(_ column: Range<Int>, _ index: Int, _: Value.Type) -> Value {
    bytes.withUnsafeBytes {
      $0.loadUnaligned(
        fromByteOffset: column.lowerBound + index * MemoryLayout<Value>.stride, as: Value.self)
    }
  }

  // MARK: - Validation

  /// The first row that no list has; reading the others cannot leave the bytes.
  private var firstImpossibleRow: Int? {
    var start: UInt64 = 0
    for row in 0..<layout.rows {
      let end = value(layout.pathEnds, row, UInt64.self)
      let isPossible =
        end >= start && end <= UInt64(layout.pathBytes)
        && (-1..<Int8(Expression.allCases.count)).contains(expressionCode(at: row))
        && PackedBox(value(layout.boxes, row, SIMD4<Int32>.self)).isPossible
        && Self.isPossible(eyes: value(layout.eyes, row, SIMD4<Float>.self))
        && Self.isPossible(value(layout.affects, row, SIMD2<Float>.self))
        && (!layout.hasLocations || value(layout.offsets, row, UInt64.self) < 1 << 62)
      guard isPossible else { return row }
      start = end
    }
    return nil
  }

  /// None, which the first number says, or all within what lists may say.
  private static func isPossible(eyes: SIMD4<Float>) -> Bool {
    eyes.x.isNaN
      || (abs(eyes.x) < 1e6 && abs(eyes.y) < 1e6 && abs(eyes.z) < 1e6 && abs(eyes.w) < 1e6)
  }

  private static func isPossible(_ affect: SIMD2<Float>) -> Bool {
    (affect.x.isNaN || abs(affect.x) <= 1) && (affect.y.isNaN || abs(affect.y) <= 1)
  }
}

extension FaceRecords: Equatable {
  /// Whether the records are the same, one by one.
  public static func == (left: Self, right: Self) -> Bool { left.elementsEqual(right) }
}

extension FaceRecords: ExpressibleByArrayLiteral {
  /// Records of files.
  public init(arrayLiteral records: FaceRecord...) {
    var columns = FaceColumns()
    for record in records { columns.append(record) }
    self.init(columns: columns, metadata: [])
  }
}
