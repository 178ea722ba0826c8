/// A rotation, a uniform scale and a shift of the plane: p ↦ M·p + t with M = (a −b; b a).
public struct SimilarityTransform: Equatable, Sendable {
  /// a and b: the scale times cosine and sine of the angle, by which x turns towards y.
  public var rotation: SIMD2<Double>
  /// t: where the origin goes.
  public var translation: SIMD2<Double>

  /// A transform with every field given.
  public init(rotation: SIMD2<Double>, translation: SIMD2<Double>) {
    self.rotation = rotation
    self.translation = translation
  }

  /// The transform that takes two points to two others; the first two must differ.
  public init(
    from source: (SIMD2<Double>, SIMD2<Double>), to target: (SIMD2<Double>, SIMD2<Double>)
  ) {
    let from = source.1 - source.0
    let to = target.1 - target.0
    // Points as complex numbers: M is the quotient of the differences.
    let square = (from * from).sum()
    let rotation = SIMD2((to * from).sum(), to.y * from.x - to.x * from.y) / square
    self.init(rotation: rotation, translation: .zero)
    translation = target.0 - apply(to: source.0)
  }

  /// By how much it makes lengths larger.
  public var scale: Double { (rotation * rotation).sum().squareRoot() }

  /// Where it takes `point`.
  public func apply(to point: SIMD2<Double>) -> SIMD2<Double> {
    SIMD2(
      rotation.x * point.x - rotation.y * point.y, rotation.y * point.x + rotation.x * point.y)
      + translation
  }
}
