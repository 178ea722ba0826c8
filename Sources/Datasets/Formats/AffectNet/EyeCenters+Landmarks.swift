/// The 68 points that outline a face.
///
/// - Source: C. Sagonas et al., "300 faces in-the-wild challenge", ICCV workshops 2013. Counted from 0,
///   points 36 to 41 surround the eye on the left in the image, 42 to 47 the one on the right.
enum Landmarks {
  /// Points of one face.
  static let count = 68
  static let leftEye = 36..<42
  static let rightEye = 42..<48

  /// Why landmarks cannot be used.
  struct Problem: Error {
    var reason: String
  }
}

extension EyeCenters {
  /// Reads `x;y;x;y;…` of 68 points.
  init(landmarks field: ArraySlice<UInt8>) throws(Landmarks.Problem) {
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
    func center(_ points: Range<Int>) -> SIMD2<Float> {
      let sum = points.reduce(into: SIMD2<Double>()) { sum, point in
        sum += SIMD2(values[2 * point], values[2 * point + 1])
      }
      return SIMD2<Float>(sum / Double(points.count))
    }
    self.init(left: center(Landmarks.leftEye), right: center(Landmarks.rightEye))
    if left == right { throw .init(reason: "both eyes are at the same place") }
  }
}
