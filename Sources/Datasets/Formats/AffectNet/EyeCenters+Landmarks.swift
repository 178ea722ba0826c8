extension EyeCenters {
  /// Reads `x;y;x;y;…` of 68 points.
  init(landmarks field: ArraySlice<UInt8>) throws(Landmarks.Problem) {
    if let plain = PlainLandmarks(field) {
      try self.init(left: plain.left, right: plain.right)
      return
    }
    var values: [Double] = []
    values.reserveCapacity(2 * Landmarks.count)
    for part in field.split(separator: 0x3B, omittingEmptySubsequences: false) {
      guard let value = DecimalNumber.value(part), value.isFinite else {
        throw .init(reason: "'\(RowValues.quoted(part))' is not a coordinate")
      }
      values.append(value)
    }
    try self.init(landmarks: values)
  }

  /// The centres of the eyes among 68 points, each the mean of its outline.
  ///
  /// - Shapes: `values` is `[68, 2]`.
  init(landmarks values: [Double]) throws(Landmarks.Problem) {
    guard values.count == 2 * Landmarks.count else {
      throw .init(
        reason: "has \(values.count) numbers where \(Landmarks.count) points have "
          + "\(2 * Landmarks.count)")
    }
    guard values.allSatisfy({ abs($0) < 1e6 }) else {
      throw .init(reason: "a coordinate is beyond any image")
    }
    func sum(_ points: Range<Int>) -> SIMD2<Double> {
      points.reduce(into: SIMD2<Double>()) { sum, point in
        sum += SIMD2(values[2 * point], values[2 * point + 1])
      }
    }
    try self.init(left: sum(Landmarks.leftEye), right: sum(Landmarks.rightEye))
  }

  /// - Parameters:
  ///   - left: the sum of the points around the left eye.
  ///   - right: the same of the right one.
  private init(left: SIMD2<Double>, right: SIMD2<Double>) throws(Landmarks.Problem) {
    self.init(
      left: SIMD2<Float>(left / Double(Landmarks.leftEye.count)),
      right: SIMD2<Float>(right / Double(Landmarks.rightEye.count)))
    if self.left == self.right { throw .init(reason: "both eyes are at the same place") }
  }
}

/// The sums of the points around the eyes, of landmarks as AffectNet writes them: one pass over the bytes,
/// since they are nine tenths of a list.
///
/// The same numbers in the same order as the general way, which takes what is not of this form: signs,
/// exponents, blanks, many digits, another count.
private struct PlainLandmarks {
  /// 10⁰ to 10⁸.
  private static let powersOfTen: [Double] = (0..<8).reduce(into: [1]) { powers, _ in
    powers.append((powers.last ?? 1) * 10)
  }

  private(set) var left = SIMD2<Double>()
  private(set) var right = SIMD2<Double>()

  init?(_ field: ArraySlice<UInt8>) {
    var index = 0
    var (digits, digitCount, point) = (0, 0, -1)
    let isPlain = field.withUnsafeBufferPointer { bytes in
      for byte in bytes {
        if byte >= 0x30 && byte <= 0x39 {
          digits = 10 * digits + Int(byte - 0x30)
          digitCount += 1
          if digitCount > 14 { return false }
        } else if byte == 0x2E && point < 0 {
          point = digitCount
        } else if byte == 0x3B {
          guard take(digits, digitCount, point, index) else { return false }
          index += 1
          (digits, digitCount, point) = (0, 0, -1)
        } else {
          return false
        }
      }
      return take(digits, digitCount, point, index)
    }
    guard isPlain && index == 2 * Landmarks.count - 1 else { return nil }
  }

  /// Takes number `index`; false where it is not plain, or beyond any image.
  private mutating func take(_ digits: Int, _ count: Int, _ point: Int, _ index: Int) -> Bool {
    let decimals = point < 0 ? 0 : count - point
    guard count > 0, decimals <= 8, count - decimals <= 6 else { return false }
    let isLeft = Landmarks.leftEye.contains(index / 2)
    guard isLeft || Landmarks.rightEye.contains(index / 2) else { return true }
    let value = Double(digits) / Self.powersOfTen[decimals]
    if isLeft { left[index % 2] += value } else { right[index % 2] += value }
    return true
  }
}
