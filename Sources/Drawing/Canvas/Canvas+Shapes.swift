import CCairo

extension Canvas {
  /// Fills a rectangle, with round corners where `radius` is more than 0.
  func fill(_ box: Box, _ colour: Colour, radius: Double = 0) {
    trace(box, radius: radius)
    use(colour)
    cairo_fill(context)
  }

  /// Fills the area that a line through `points` and back to the first encloses.
  func fill(_ points: [Point], _ colour: Colour) {
    trace(points)
    cairo_close_path(context)
    use(colour)
    cairo_fill(context)
  }

  /// Fills a circle.
  func fillCircle(at centre: Point, radius: Double, _ colour: Colour) {
    trace(circleAt: centre, radius: radius)
    use(colour)
    cairo_fill(context)
  }

  /// Draws a line of `width` along a rectangle's edges, half of it within.
  func stroke(_ box: Box, _ colour: Colour, width: Double, radius: Double = 0) {
    trace(box, radius: radius)
    stroke(colour, width: width)
  }

  /// Draws a line through points; through a single one, a dot.
  func stroke(_ points: [Point], _ colour: Colour, width: Double) {
    trace(points)
    if points.count == 1 { cairo_close_path(context) }
    cairo_set_line_cap(context, CAIRO_LINE_CAP_ROUND)
    cairo_set_line_join(context, CAIRO_LINE_JOIN_ROUND)
    stroke(colour, width: width)
    cairo_set_line_cap(context, CAIRO_LINE_CAP_BUTT)
    cairo_set_line_join(context, CAIRO_LINE_JOIN_MITER)
  }

  /// Draws a straight line.
  func line(_ from: Point, _ to: Point, _ colour: Colour, width: Double = 1) {
    lines([(from, to)], colour, width: width)
  }

  /// Draws straight lines, all at once.
  func lines(_ ends: [(from: Point, to: Point)], _ colour: Colour, width: Double = 1) {
    for (from, to) in ends {
      cairo_move_to(context, from.x, from.y)
      cairo_line_to(context, to.x, to.y)
    }
    stroke(colour, width: width)
  }

  /// Draws a circle's line.
  func strokeCircle(at centre: Point, radius: Double, _ colour: Colour, width: Double = 1) {
    trace(circleAt: centre, radius: radius)
    stroke(colour, width: width)
  }

  /// Draws within some rectangles alone.
  func clipped(to boxes: [Box], radius: Double = 0, _ draw: () -> Void) {
    cairo_save(context)
    for box in boxes { trace(box, radius: radius) }
    cairo_clip(context)
    draw()
    cairo_restore(context)
  }

  /// Draws slanted lines over rectangles, which lie within `bounds`: the same ones for all of them.
  func hatch(_ boxes: [Box], within bounds: Box, _ colour: Colour, distance: Double) {
    guard !boxes.isEmpty else { return }
    clipped(to: boxes) {
      let first = bounds.x - bounds.height
      let lines = stride(from: first, to: bounds.right, by: distance).map {
        (from: Point($0, bounds.bottom), to: Point($0 + bounds.height, bounds.y))
      }
      self.lines(lines, colour)
    }
  }

  /// Draws a picture into a square, with round corners.
  func draw(_ picture: DrawnPicture, in box: Box, radius: Double) {
    picture.withSurface(swapsRedAndBlue: swapsRedAndBlue) { surface in
      clipped(to: [box], radius: radius) {
        cairo_translate(context, box.x, box.y)
        cairo_scale(context, box.width / Double(picture.side), box.height / Double(picture.side))
        cairo_set_source_surface(context, surface, 0, 0)
        cairo_paint(context)
      }
    }
  }

  private func stroke(_ colour: Colour, width: Double) {
    use(colour)
    cairo_set_line_width(context, width)
    cairo_stroke(context)
  }

  private func trace(_ points: [Point]) {
    for (index, point) in points.enumerated() {
      if index == 0 {
        cairo_move_to(context, point.x, point.y)
      } else {
        cairo_line_to(context, point.x, point.y)
      }
    }
  }

  private func trace(circleAt centre: Point, radius: Double) {
    cairo_new_sub_path(context)
    cairo_arc(context, centre.x, centre.y, radius, 0, 2 * .pi)
    cairo_close_path(context)
  }

  private func trace(_ box: Box, radius: Double) {
    guard radius > 0 else {
      cairo_rectangle(context, box.x, box.y, box.width, box.height)
      return
    }
    let radius = min(radius, box.width / 2, box.height / 2)
    let corners = [
      Point(box.right - radius, box.y + radius), Point(box.right - radius, box.bottom - radius),
      Point(box.x + radius, box.bottom - radius), Point(box.x + radius, box.y + radius),
    ]
    cairo_new_sub_path(context)
    for (quarter, corner) in corners.enumerated() {
      let start = Double(quarter - 1) * .pi / 2
      cairo_arc(context, corner.x, corner.y, radius, start, start + .pi / 2)
    }
    cairo_close_path(context)
  }
}

extension Canvas {
  /// Fills this canvas, `side` units wide, with a part of another one.
  func copy(_ source: Canvas, from square: Box, side: Int) {
    let scale = Double(side) / square.width
    cairo_scale(context, scale, scale)
    cairo_set_source_surface(context, cairo_get_target(source.context), -square.x, -square.y)
    let pattern = cairo_get_source(context)
    cairo_pattern_set_extend(pattern, CAIRO_EXTEND_PAD)
    cairo_pattern_set_filter(pattern, CAIRO_FILTER_GOOD)
    cairo_paint(context)
  }
}
