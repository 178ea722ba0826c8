/// A face's box as a column of a list holds it.
///
/// x, y, width and height in pixels; in fractions of the image with width and height negated, in units of
/// 2⁻²⁴, of which float32 has no finer above 1/2. A box without an area stands for none.
struct PackedBox {
  private static let unit: Float = 0x1p24

  let values: SIMD4<Int32>

  init(_ values: SIMD4<Int32>) { self.values = values }

  /// The box of a record; numbers that do not fit 32 bits are cut to them.
  init(_ record: FaceRecord) {
    if let box = record.faceBox {
      values = SIMD4(
        Int32(clamping: box.x), Int32(clamping: box.y), Int32(clamping: box.width),
        Int32(clamping: box.height))
    } else if let box = record.fractionalBox {
      let edges = SIMD4(box.left, box.top, box.right, box.bottom) * Self.unit
      let fixed = SIMD4<Int32>(
        edges.clamped(lowerBound: .zero, upperBound: .one * Self.unit), rounding: .toNearestOrEven)
      let size = (fixed.highHalf &- fixed.lowHalf).clamped(
        lowerBound: SIMD2(repeating: 1), upperBound: SIMD2(repeating: .max))
      values = SIMD4(lowHalf: fixed.lowHalf, highHalf: .zero &- size)
    } else {
      values = .zero
    }
  }

  /// Whether some record has this box.
  var isPossible: Bool {
    let size = values.highHalf
    if values == .zero || (size.x > 0 && size.y > 0) { return true }
    let end = values.lowHalf &- size
    return size.x < 0 && size.y < 0 && values.x >= 0 && values.y >= 0
      && end.x <= Int32(Self.unit) + 1 && end.y <= Int32(Self.unit) + 1
  }

  /// The box, where it is in pixels.
  var pixels: FaceBox? {
    values.z > 0
      ? FaceBox(x: Int(values.x), y: Int(values.y), width: Int(values.z), height: Int(values.w))
      : nil
  }

  /// The box, where it is in fractions of the image.
  var fractions: FractionalBox? {
    guard values.z < 0 else { return nil }
    let low = SIMD2<Float>(values.lowHalf) / Self.unit
    let high = SIMD2<Float>(values.lowHalf &- values.highHalf) / Self.unit
    return FractionalBox(left: low.x, right: high.x, top: low.y, bottom: high.y)
  }
}
