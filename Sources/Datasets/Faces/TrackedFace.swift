import Media

/// The centres of both eyes, in pixels of the image.
public struct EyePair: Equatable, Sendable {
  /// The eye further left in an upright image, which is the person's right one.
  public var left: SIMD2<Float>
  /// The eye further right in an upright image.
  public var right: SIMD2<Float>

  /// A pair with both centres given.
  public init(left: SIMD2<Float>, right: SIMD2<Float>) {
    self.left = left
    self.right = right
  }

  /// The means of the points around each eye: 36 to 41 and 42 to 47 of 68.
  ///
  /// Nil where there are not 68 points, or where both eyes are at the same place.
  ///
  /// - Source: the scheme of Multi-PIE, as 300-W, AffectNet and OpenFace number it from 0.
  public init?(landmarks: [SIMD2<Float>]) {
    guard landmarks.count == 68 else { return nil }
    func mean(_ points: ArraySlice<SIMD2<Float>>) -> SIMD2<Float> {
      points.reduce(.zero, +) / Float(points.count)
    }
    self.init(left: mean(landmarks[36...41]), right: mean(landmarks[42...47]))
    if left == right { return nil }
  }
}

/// A face in one frame of a video.
public struct TrackedFace: Equatable, Sendable {
  /// Where it is.
  public var region: FaceRegion
  /// Where its eyes are; nil where only the box is known.
  public var eyes: EyePair?

  /// A face with every field given.
  public init(region: FaceRegion, eyes: EyePair? = nil) {
    self.region = region
    self.eyes = eyes
  }

  /// The face in the smallest box around `landmarks`; nil where there are no 68 that span an area.
  public init?(landmarks: [SIMD2<Float>]) {
    guard let eyes = EyePair(landmarks: landmarks), let first = landmarks.first else { return nil }
    let lower = landmarks.reduce(first) { pointwiseMin($0, $1) }
    let upper = landmarks.reduce(first) { pointwiseMax($0, $1) }
    let size = upper - lower
    guard size.x > 0 && size.y > 0 else { return nil }
    self.init(
      region: FaceRegion(x: lower.x, y: lower.y, width: size.x, height: size.y), eyes: eyes)
  }

  /// The face `part` of the way from this one to `other`; with eyes where both have them.
  func interpolated(to other: TrackedFace, part: Float) -> TrackedFace {
    TrackedFace.mean([(self, 1 - part), (other, part)])
  }

  /// The weighted mean of faces; with eyes where all have them. Weights sum to one.
  static func mean(_ faces: [(face: TrackedFace, weight: Float)]) -> TrackedFace {
    func sum(_ value: (TrackedFace) -> SIMD4<Float>) -> SIMD4<Float> {
      faces.reduce(SIMD4<Float>.zero) { $0 + value($1.face) * $1.weight }
    }
    let box = sum { SIMD4($0.region.x, $0.region.y, $0.region.width, $0.region.height) }
    let region = FaceRegion(x: box.x, y: box.y, width: box.z, height: box.w)
    guard faces.allSatisfy({ $0.face.eyes != nil }) else { return TrackedFace(region: region) }
    let eyes = sum { face in
      face.eyes.map { SIMD4($0.left.x, $0.left.y, $0.right.x, $0.right.y) } ?? .zero
    }
    return TrackedFace(
      region: region, eyes: EyePair(left: eyes.lowHalf, right: eyes.highHalf))
  }
}
