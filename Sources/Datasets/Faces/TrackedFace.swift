import Media

/// A face in one frame of a video.
public struct TrackedFace: Equatable, Sendable {
  /// Where it is.
  public var region: FaceRegion
  /// Where its eyes are; nil where only the box is known.
  public var eyes: EyeCenters?

  /// A face with every field given.
  public init(region: FaceRegion, eyes: EyeCenters? = nil) {
    self.region = region
    self.eyes = eyes
  }

  /// The face in the smallest box around `landmarks`; nil where there are no 68 that span an area.
  public init?(landmarks: [SIMD2<Float>]) {
    guard let eyes = EyeCenters(landmarks: landmarks), let first = landmarks.first else {
      return nil
    }
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
      region: region, eyes: EyeCenters(left: eyes.lowHalf, right: eyes.highHalf))
  }
}
