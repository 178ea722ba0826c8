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
  /// The means of the points around each eye, among 68 as 300-W numbers them.
  ///
  /// Nil where there are not 68 points, or where both eyes are at the same place.
  public init?(landmarks: [SIMD2<Float>]) {
    guard landmarks.count == Landmarks.count else { return nil }
    func mean(_ points: ArraySlice<SIMD2<Float>>) -> SIMD2<Float> {
      points.reduce(.zero, +) / Float(points.count)
    }
    self.init(
      left: mean(landmarks[Landmarks.leftEye]), right: mean(landmarks[Landmarks.rightEye]))
    if left == right { return nil }
  }
}
