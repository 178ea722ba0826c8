/// A place in a picture: to the right and down, in units of the canvas.
typealias Point = SIMD2<Double>

/// A rectangle in a picture, in units of the canvas.
struct Box: Equatable {
  var x: Double
  var y: Double
  var width: Double
  var height: Double

  var right: Double { x + width }
  var bottom: Double { y + height }
  var centre: Point { Point(x + width / 2, y + height / 2) }

  init(x: Double, y: Double, width: Double, height: Double) {
    (self.x, self.y, self.width, self.height) = (x, y, width, height)
  }

  /// A square around a point.
  init(around centre: Point, side: Double) {
    self.init(x: centre.x - side / 2, y: centre.y - side / 2, width: side, height: side)
  }

  /// What remains where `margin` is taken off at each side; negative ones are added.
  func inset(by margin: Double) -> Box {
    Box(x: x + margin, y: y + margin, width: width - 2 * margin, height: height - 2 * margin)
  }

  /// Moved by as little as is needed to lie within `other`; at its upper left corner where too large.
  func moved(into other: Box) -> Box {
    var moved = self
    moved.x = max(other.x, min(x, other.right - width))
    moved.y = max(other.y, min(y, other.bottom - height))
    return moved
  }
}
