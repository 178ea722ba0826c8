import Media

/// Where a face is, in fractions of the image's width and height: pixels only once its size is known.
public struct FractionalBox: Hashable, Sendable {
  /// The left edge.
  public var left: Float
  /// The right edge, greater than `left`.
  public var right: Float
  /// The upper edge.
  public var top: Float
  /// The lower edge, greater than `top`.
  public var bottom: Float

  /// A box with these edges, each from 0 to 1.
  public init(left: Float, right: Float, top: Float, bottom: Float) {
    self.left = left
    self.right = right
    self.top = top
    self.bottom = bottom
  }

  /// The box in an image: all pixels that it touches, at least one.
  public func pixels(in size: ImageSize) -> FaceBox {
    let columns = Self.pixels(left, right, of: size.width)
    let rows = Self.pixels(top, bottom, of: size.height)
    return FaceBox(x: columns.start, y: rows.start, width: columns.count, height: rows.count)
  }

  private static func pixels(
    _ low: Float, _ high: Float, of length: Int
  ) -> (start: Int, count: Int) {
    let start = min(Int((Double(low) * Double(length)).rounded(.down)), length - 1)
    let end = min(Int((Double(high) * Double(length)).rounded(.up)), length)
    return (start, max(1, end - start))
  }
}
