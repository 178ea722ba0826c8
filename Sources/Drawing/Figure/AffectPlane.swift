/// The plane of valence and arousal: the unit circle, axes with their names, and what is drawn there.
struct AffectPlane {
  /// All that it takes, the names of the axes included.
  let box: Box

  /// How wide and high a plane is whose square has sides of `side`.
  static func size(side: Double) -> (width: Double, height: Double) {
    (side + margin, side + margin)
  }

  private static let margin = 46.0

  /// From −1 to 1 in both directions.
  var square: Box {
    Box(
      x: box.x + Self.margin, y: box.y, width: box.width - Self.margin,
      height: box.height - Self.margin)
  }

  /// Where valence and arousal of −1 to 1 are.
  func place(_ affect: Point) -> Point {
    square.centre + Point(affect.x * square.width / 2, -affect.y * square.height / 2)
  }

  /// Draws all but values.
  func draw(on canvas: Canvas) {
    let square = square
    canvas.fill(square, .card, radius: 6)
    let ends = [
      (from: Point(square.x, square.centre.y), to: Point(square.right, square.centre.y)),
      (from: Point(square.centre.x, square.y), to: Point(square.centre.x, square.bottom)),
    ]
    canvas.lines(ends, .rule)
    canvas.strokeCircle(at: square.centre, radius: square.width / 2, Colour(0xb4bcc6))
    for (value, name) in [(-1.0, "−1"), (0, "0"), (1, "+1")] {
      let place = place(Point(value, value))
      // Numbers at the ends stand within the square's width.
      let anchor: TextAnchor = value < 0 ? .left : value > 0 ? .right : .middle
      canvas.write(
        name, at: Point(place.x, square.bottom + 16), FigureText.number, anchor)
      let height = min(max(place.y, square.y + 5), square.bottom - 5)
      canvas.write(
        name, at: Point(square.x - 7, height), FigureText.number, .right, isCentred: true)
    }
    canvas.write(
      "valence: negative → positive", at: Point(square.centre.x, square.bottom + 36),
      FigureText.soft, .middle)
    canvas.writeUpwards(
      "arousal: calm → excited", at: Point(box.x + 7, square.centre.y), FigureText.soft)
  }
}
