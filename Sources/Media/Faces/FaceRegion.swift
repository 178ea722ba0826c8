/// Where a face is in an image: a box in pixels, whose edges may lie between them and outside.
///
/// Units: pixels; pixel (0, 0) covers 0 to 1 in both directions.
public struct FaceRegion: Equatable, Sendable {
  /// The left edge.
  public var x: Float
  /// The upper edge.
  public var y: Float
  /// From the left to the right edge.
  public var width: Float
  /// From the upper to the lower edge.
  public var height: Float

  /// A box with its upper left corner at (`x`, `y`).
  public init(x: Float, y: Float, width: Float, height: Float) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  /// Width times height, in square pixels.
  public var area: Float { width * height }

  /// The middle of the box.
  public var centre: SIMD2<Float> { SIMD2(x + width / 2, y + height / 2) }

  /// The area that both boxes cover by the area that any of them covers, 0 to 1.
  public func overlap(with other: FaceRegion) -> Float {
    let columns = min(x + width, other.x + other.width) - max(x, other.x)
    let rows = min(y + height, other.y + other.height) - max(y, other.y)
    guard columns > 0 && rows > 0 else { return 0 }
    let shared = columns * rows
    return shared / (area + other.area - shared)
  }
}

/// A face that a detector found.
public struct DetectedFace: Equatable, Sendable {
  /// From above the brows to the chin, about as wide as the face without its ears.
  public var region: FaceRegion
  /// By how much the detector's sum exceeds the threshold that it was trained for.
  public var score: Float

  /// A detection with every field given.
  public init(region: FaceRegion, score: Float) {
    self.region = region
    self.score = score
  }
}
