import Media

/// A picture that shapes are painted onto, anti-aliased, in colours of 0 to 1.
///
/// Positions are pixels, the centre of the first at (0.5, 0.5). Shapes come as signed distances
/// (negative inside), so that an edge is exact at every size and rotation.
final class FaceCanvas {
  let size: Int
  private let pixels: UnsafeMutablePointer<SIMD4<Float>>

  init(size: Int) {
    self.size = size
    pixels = .allocate(capacity: size * size)
    pixels.initialize(repeating: .zero, count: size * size)
  }

  deinit { pixels.deallocate() }

  /// Paints a shape.
  ///
  /// - Parameters:
  ///   - frame: the coordinates that the shape is described in.
  ///   - bounds: a circle around the shape, in the frame's coordinates.
  ///   - softness: the width of the edge in pixels; 1 is sharp.
  ///   - opacity: 0 to 1.
  ///   - colour: of a point, in the frame's coordinates.
  ///   - distance: of a point from the shape's edge, in the frame's units.
  @inline(__always)
  func paint(
    _ frame: FaceFrame, bounds: Circle, softness: Float = 1, opacity: Float = 1,
    colour: (SIMD2<Float>) -> SIMD4<Float>, distance: (SIMD2<Float>) -> Float
  ) {
    let centre = frame.toPixels(bounds.centre)
    let radius = bounds.radius * frame.scale + softness + 1
    let left = max(0, Int(centre.x - radius))
    let right = min(size, Int(centre.x + radius) + 1)
    let top = max(0, Int(centre.y - radius))
    let bottom = min(size, Int(centre.y + radius) + 1)
    guard left < right && top < bottom else { return }
    for y in top..<bottom {
      for x in left..<right {
        let point = frame.toLocal(SIMD2(Float(x) + 0.5, Float(y) + 0.5))
        let covered = 0.5 - distance(point) * frame.scale / softness
        guard covered > 0 else { continue }
        let amount = min(covered, 1) * opacity
        let index = y * size + x
        pixels[index] += (colour(point) - pixels[index]) * amount
      }
    }
  }

  /// Changes every pixel.
  @inline(__always)
  func map(_ change: (SIMD2<Float>, SIMD4<Float>) -> SIMD4<Float>) {
    for y in 0..<size {
      for x in 0..<size {
        let index = y * size + x
        pixels[index] = change(SIMD2(Float(x) + 0.5, Float(y) + 0.5), pixels[index])
      }
    }
  }

  /// The picture with 8 bits a colour.
  func copy(to buffer: PixelBuffer) {
    buffer.resize(ImageSize(width: size, height: size))
    let bytes = buffer.bytes
    for index in 0..<(size * size) {
      // One by one: vectors of integers are converted from floats by generic code, ten times as slowly.
      for channel in 0..<4 {
        bytes[4 * index + channel] = UInt8(min(max(pixels[index][channel], 0), 1) * 255 + 0.5)
      }
    }
  }
}

/// A circle that surely holds a shape.
struct Circle {
  var centre: SIMD2<Float>
  var radius: Float

  init(_ x: Float, _ y: Float, _ radius: Float) {
    centre = SIMD2(x, y)
    self.radius = radius
  }
}

/// Where the face's own coordinates lie in the picture.
///
/// The face's half height is 1, x grows to the right of the picture and y downwards.
struct FaceFrame {
  var origin: SIMD2<Float>
  /// Pixels per unit.
  var scale: Float
  /// Cosine and sine of the roll.
  var direction: SIMD2<Float>
  /// How much narrower things are across: a head turned aside.
  var squeeze: Float = 1

  @inline(__always)
  func toPixels(_ point: SIMD2<Float>) -> SIMD2<Float> {
    let x = point.x * squeeze
    return origin + scale
      * SIMD2(
        direction.x * x - direction.y * point.y, direction.y * x + direction.x * point.y)
  }

  @inline(__always)
  func toLocal(_ pixel: SIMD2<Float>) -> SIMD2<Float> {
    let offset = (pixel - origin) * (1 / scale)
    return SIMD2(
      (direction.x * offset.x + direction.y * offset.y) / squeeze,
      direction.x * offset.y - direction.y * offset.x)
  }

  /// The same frame moved by `offset` and made narrower.
  func moved(by offset: SIMD2<Float>, squeeze: Float) -> FaceFrame {
    FaceFrame(
      origin: toPixels(offset), scale: scale, direction: direction, squeeze: self.squeeze * squeeze)
  }
}

/// Signed distances from simple shapes, negative inside; near the edge where they are not exact.
enum Distance {
  /// - Source: I. Quilez, "Ellipsoid SDF", the first-order estimate.
  @inline(__always)
  static func ellipse(
    _ point: SIMD2<Float>, centre: SIMD2<Float>, radii: SIMD2<Float>
  ) -> Float {
    let scaled = (point - centre) / radii
    let gradient = scaled / radii
    let length = (scaled * scaled).sum().squareRoot()
    let slope = max((gradient * gradient).sum().squareRoot(), 1e-6)
    return length < 1e-3 ? -radii.min() : length * (length - 1) / slope
  }

  /// A line from `start` to `end`, as thick as twice `radius`, with round ends.
  @inline(__always)
  static func line(
    _ point: SIMD2<Float>, from start: SIMD2<Float>, to end: SIMD2<Float>, radius: Float
  ) -> Float {
    let along = end - start
    let offset = point - start
    let part = min(max((offset * along).sum() / max((along * along).sum(), 1e-9), 0), 1)
    let rest = offset - along * part
    return (rest * rest).sum().squareRoot() - radius
  }

  /// Between two curves that meet at both ends.
  @inline(__always)
  static func lens(_ point: SIMD2<Float>, _ lens: Lens) -> Float {
    let across = (point.x - lens.centre.x) / lens.halfWidth
    let beyond = abs(across) - 1
    if beyond > 0 {
      let corner = lens.corner(left: across < 0)
      let offset = point - corner
      return (offset * offset).sum().squareRoot()
    }
    let top = lens.top(across)
    let bottom = lens.bottom(across)
    let slope = max(lens.steepness(across), 0)
    return max(top - point.y, point.y - bottom) / (1 + slope * slope).squareRoot()
  }
}

/// The area between two arcs with common ends: mouths, eyes and brows are made of it.
///
/// Heights are parabolas over −1...1; y grows downwards.
struct Lens {
  var centre: SIMD2<Float>
  var halfWidth: Float
  /// How far the upper arc bulges upwards from the line between the corners.
  var rise: Float
  /// How far the lower arc bulges downwards from it.
  var fall: Float
  /// How much lower the left corner is than the centre's height.
  var leftDrop: Float = 0
  /// How much lower the right corner is.
  var rightDrop: Float = 0

  @inline(__always)
  private func base(_ across: Float) -> Float {
    centre.y + (leftDrop + rightDrop) * 0.5 + (rightDrop - leftDrop) * 0.5 * across
  }

  @inline(__always)
  func top(_ across: Float) -> Float { base(across) - rise * (1 - across * across) }

  @inline(__always)
  func bottom(_ across: Float) -> Float { base(across) + fall * (1 - across * across) }

  @inline(__always)
  func steepness(_ across: Float) -> Float {
    (2 * abs(across) * max(abs(rise), abs(fall)) + abs(rightDrop - leftDrop) * 0.5) / halfWidth
  }

  func corner(left: Bool) -> SIMD2<Float> {
    SIMD2(centre.x + (left ? -halfWidth : halfWidth), centre.y + (left ? leftDrop : rightDrop))
  }

  /// A circle around all of it.
  var bounds: Circle {
    Circle(
      centre.x, centre.y,
      halfWidth + abs(rise) + abs(fall) + max(abs(leftDrop), abs(rightDrop)))
  }

  /// The same lens, wider on all sides.
  func grown(by margin: Float) -> Lens {
    var grown = self
    grown.halfWidth += margin
    grown.rise += margin
    grown.fall += margin
    return grown
  }
}
