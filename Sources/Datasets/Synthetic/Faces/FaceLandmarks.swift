/// The 68 points that data sets mark on faces, in pixels.
///
/// - Source: the scheme of Multi-PIE, R. Gross et al., "Multi-PIE", 2010, as 300-W numbers it.
struct FaceLandmarks {
  private(set) var points: [SIMD2<Float>] = []

  init(_ geometry: FaceGeometry, _ scene: FaceScene) {
    points = Self.jaw(geometry).map(scene.frame.toPixels)
    let inner =
      Self.brows(geometry) + Self.nose(geometry) + Self.eyes(geometry)
      + Self.arcs(geometry.lips, upper: 7, lower: 5) + Self.arcs(geometry.mouth, upper: 5, lower: 3)
    points += inner.map(scene.features.toPixels)
  }

  /// `x;y;x;y;…`, as AffectNet has them.
  var text: String {
    points.map { "\(Self.hundredths($0.x));\(Self.hundredths($0.y))" }.joined(separator: ";")
  }

  /// With two digits after the point at most.
  static func hundredths(_ value: Float) -> String {
    "\(Double((value * 100).rounded()) / 100)"
  }

  private static func jaw(_ geometry: FaceGeometry) -> [SIMD2<Float>] {
    (0...16).map { index in
      let part = Float(index - 8) / 8
      let y = 0.99 - 1.09 * part * part
      let width = geometry.outline(at: min(0.99, y))
      return SIMD2(part == 0 ? 0 : part < 0 ? -width : width, y)
    }
  }

  private static func brows(_ geometry: FaceGeometry) -> [SIMD2<Float>] {
    let left = geometry.brows[0]
    let right = geometry.brows[1]
    return [
      left.outer, (left.outer + left.middle) / 2, left.middle, (left.middle + left.inner) / 2,
      left.inner, right.inner, (right.inner + right.middle) / 2, right.middle,
      (right.middle + right.outer) / 2, right.outer,
    ]
  }

  private static func nose(_ geometry: FaceGeometry) -> [SIMD2<Float>] {
    let bridge = (0...3).map { index in
      geometry.noseTop + (geometry.noseTip - SIMD2(0, 0.05) - geometry.noseTop) * (Float(index) / 3)
    }
    let base = (-2...2).map { index in
      SIMD2(
        geometry.noseWidth * Float(index) / 2, geometry.noseTip.y + 0.02 - 0.01 * abs(Float(index)))
    }
    return bridge + base
  }

  private static func eyes(_ geometry: FaceGeometry) -> [SIMD2<Float>] {
    geometry.eyes.flatMap { arcs($0, upper: 4, lower: 2) }
  }

  /// Clockwise from the left corner: `upper` points with both corners, then `lower` between them.
  private static func arcs(_ lens: Lens, upper: Int, lower: Int) -> [SIMD2<Float>] {
    let above = (0..<upper).map { index in
      let across = 2 * Float(index) / Float(upper - 1) - 1
      return SIMD2(lens.centre.x + across * lens.halfWidth, lens.top(across))
    }
    let below = (0..<lower).map { index in
      let across = 1 - 2 * Float(index + 1) / Float(lower + 1)
      return SIMD2(lens.centre.x + across * lens.halfWidth, lens.bottom(across))
    }
    return above + below
  }
}
