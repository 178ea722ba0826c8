import Foundation

/// Where the colour of a pixel comes from: a linear map of positions relative to an image's centre.
struct AffineMap {
  var xFromX: Float = 1
  var xFromY: Float = 0
  var yFromX: Float = 0
  var yFromY: Float = 1
  var xOffset: Float = 0
  var yOffset: Float = 0
}

extension AffineMap {
  /// Turns the picture anticlockwise.
  init(degrees: Float) {
    let angle = Double(degrees) * .pi / 180
    let (sine, cosine) = (Float(sin(angle)), Float(cos(angle)))
    self.init(xFromX: cosine, xFromY: -sine, yFromX: sine, yFromY: cosine)
  }
}

extension ImagePlanes {
  /// Moves pixels, bilinear; what comes in from outside is black.
  func transform(_ map: AffineMap) {
    let size = size
    let centre = Float(size - 1) / 2
    changePlanes { plane, original in
      for y in 0..<size {
        let fromCentre = Float(y) - centre
        for x in 0..<size {
          let across = Float(x) - centre
          let sourceX = map.xFromX * across + map.xFromY * fromCentre + map.xOffset + centre
          let sourceY = map.yFromX * across + map.yFromY * fromCentre + map.yOffset + centre
          plane[y * size + x] = Self.bilinear(original, size: size, x: sourceX, y: sourceY)
        }
      }
    }
  }

  /// The colour at a position between pixels.
  @inline(__always)
  private static func bilinear(
    _ plane: UnsafePointer<Float>, size: Int, x: Float, y: Float
  ) -> Float {
    // Also keeps the conversion to integers from overflowing.
    guard x > -1 && y > -1 && x < Float(size) && y < Float(size) else { return 0 }
    let (left, top) = (x.rounded(.down), y.rounded(.down))
    let (column, row) = (Int(left), Int(top))
    let (right, below) = (x - left, y - top)
    func pixel(_ column: Int, _ row: Int) -> Float {
      guard column >= 0 && row >= 0 && column < size && row < size else { return 0 }
      return plane[row * size + column]
    }
    let upper = pixel(column, row) * (1 - right) + pixel(column + 1, row) * right
    let lower = pixel(column, row + 1) * (1 - right) + pixel(column + 1, row + 1) * right
    return upper * (1 - below) + lower * below
  }
}
