extension RecordingFigure {
  /// Draws all that has the axis of time, and the axis.
  func drawTimeParts(on canvas: Canvas) {
    var y = Self.top
    for part in parts {
      let box = Box(
        x: axis.left, y: y, width: axis.width, height: part.height(classes: rows.count))
      switch part {
      case .thumbnails: drawThumbnails(on: canvas, in: box)
      case .classes: drawClasses(on: canvas, in: box)
      case .valence:
        drawTrace("Valence", \.valence, "−1 negative, +1 positive", .valence, canvas, box)
      case .arousal:
        drawTrace("Arousal", \.arousal, "−1 calm, +1 excited", .arousal, canvas, box)
      }
      y = box.bottom + TimePart.distance
    }
    drawAxis(on: canvas, at: y - TimePart.distance)
    drawLegend(on: canvas, at: y - TimePart.distance + 62)
  }

  /// What needs to be explained: the shading, and curves that stand for many moments.
  var legend: [String] {
    var lines: [String] = []
    if !faceless.bands.isEmpty { lines.append("no face") }
    if Trace.isCondensed(recording, axis), parts.contains(where: { $0 != .thumbnails }) {
      let duration = axis.seconds.upperBound - axis.seconds.lowerBound
      let each = TimeAxis.words(duration / axis.width)
      lines.append("dark: mean; light: from least to most, within \(each) each")
    }
    return lines
  }

  private func drawLegend(on canvas: Canvas, at y: Double) {
    var x = axis.left
    for text in legend {
      if text == "no face" {
        let swatch = Box(x: x, y: y - 5, width: 22, height: 10)
        drawFaceless([swatch], within: swatch, on: canvas)
        x = swatch.right + 7
      }
      canvas.write(text, at: Point(x, y), FigureText.number, isCentred: true)
      x += canvas.width(of: text, FigureText.number) + 26
    }
  }

  private func drawFaceless(_ boxes: [Box], within bounds: Box, on canvas: Canvas) {
    for box in boxes { canvas.fill(box, Colour(0xeef0f3)) }
    canvas.hatch(boxes, within: bounds, Colour(0xcdd3da), distance: 6)
  }

  private func drawAxis(on canvas: Canvas, at y: Double) {
    canvas.line(
      Point(axis.left, y), Point(axis.left + axis.width, y), Colour(0xb4bcc6))
    for tick in axis.ticks {
      let x = axis.place(of: tick)
      canvas.line(Point(x, y), Point(x, y + 4), Colour(0xb4bcc6))
      canvas.write(axis.label(of: tick), at: Point(x, y + 18), FigureText.number, .middle)
    }
    canvas.write(
      axis.name, at: Point(axis.left + axis.width / 2, y + 38), FigureText.soft, .middle)
  }

  private func drawTicks(on canvas: Canvas, from top: Double, to bottom: Double) {
    let lines = axis.ticks.map {
      (from: Point(axis.place(of: $0), top), to: Point(axis.place(of: $0), bottom))
    }
    canvas.lines(lines, Colour(0xe6e9ed))
  }
}

// MARK: - Thumbnails

extension RecordingFigure {
  /// Each above its time; of those that would overlap the first, and those at the ends within the axis.
  private func drawThumbnails(on canvas: Canvas, in box: Box) {
    var free = box.x
    for thumbnail in thumbnails.sorted(by: { $0.seconds < $1.seconds }) {
      guard axis.seconds.contains(thumbnail.seconds) else { continue }
      let x = axis.place(of: thumbnail.seconds)
      var square = Box(around: Point(x, 0), side: Self.thumbnailSide)
      square.y = box.y
      square.x = min(max(square.x, box.x), box.right - square.width)
      guard square.x >= free - 0.5 else { continue }
      free = square.right + 4
      canvas.draw(thumbnail.picture, in: square, radius: 6)
      canvas.line(
        Point(x, square.bottom + 2), Point(x, square.bottom + 8), .soft, width: 1.5)
    }
  }
}

// MARK: - Classes

extension RecordingFigure {
  /// The band of the most probable class, then a row for each class: told apart by place, not colour alone.
  private func drawClasses(on canvas: Canvas, in box: Box) {
    var heading = [("Class probabilities", FigureText.heading)]
    heading.append(
      (
        rows.count < classes.count
          ? "   0 to 100 % in each row; \(rows.count) of \(classes.count) classes"
          : "   0 to 100 % in each row", FigureText.soft
      ))
    canvas.write(heading.map { (text: $0.0, style: $0.1) }, at: Point(box.x, box.y + 11))
    let top = box.y + TimePart.heading
    let all = Box(x: box.x, y: top, width: box.width, height: box.bottom - top)
    drawFaceless(
      faceless.boxes(of: 0, y: all.y, height: all.height), within: all, on: canvas)
    drawTicks(on: canvas, from: all.y, to: all.bottom)
    drawRibbon(on: canvas, at: top)
    let first = top + TimePart.ribbon.height + TimePart.ribbon.distance
    for (row, index) in rows.enumerated() {
      let place = Box(
        x: box.x, y: first + Double(row) * TimePart.row, width: box.width, height: TimePart.row)
      drawRow(of: index, on: canvas, in: place)
    }
  }

  private func drawRibbon(on canvas: Canvas, at y: Double) {
    let height = TimePart.ribbon.height
    let best = TimeBands(recording, axis, kinds: classes.count) {
      recording.moments[$0].estimate.mostProbableClass
    }
    for band in best.bands {
      canvas.fill(
        Box(x: band.left, y: y, width: band.right - band.left, height: height),
        colours[band.kind])
    }
    canvas.write(
      "most probable", at: Point(axis.left - 10, y + height / 2), FigureText.number, .right,
      isCentred: true)
  }

  private func drawRow(of index: Int, on canvas: Canvas, in box: Box) {
    let base = box.bottom - 1
    let scale = box.height - 3
    let trace = Trace(recording, axis) {
      $0.probabilities.isEmpty ? nil : $0.probabilities[index]
    }
    let colour = colours[index]
    for run in trace.runs {
      if trace.isCondensed {
        let most = run.map { Point($0.x, base - $0.high * scale) }
        canvas.fill(Self.area(under: most, base: base), colour.faded(to: 0.3))
      }
      let mean = run.map { Point($0.x, base - $0.mean * scale) }
      canvas.fill(Self.area(under: mean, base: base), colour.faded(to: 0.85))
    }
    canvas.line(Point(box.x, base), Point(box.right, base), .rule)
    let name = canvas.shortened(classes[index], FigureText.label, to: Self.gutter - 14)
    canvas.write(
      name, at: Point(box.x - 10, base - 0.4 * scale), FigureText.label, .right, isCentred: true)
  }

  /// The area between a curve and a level; of a single point, a narrow one.
  private static func area(under curve: [Point], base: Double) -> [Point] {
    var curve = curve.map(\.inEighths)
    if curve.count == 1 { curve = [curve[0] - Point(0.75, 0), curve[0] + Point(0.75, 0)] }
    guard let first = curve.first, let last = curve.last else { return [] }
    return [Point(first.x, base)] + curve + [Point(last.x, base)]
  }
}

// MARK: - Valence and arousal

extension RecordingFigure {
  private func drawTrace(
    _ name: String, _ value: (EmotionEstimate) -> Float?, _ ends: String, _ colour: Colour,
    _ canvas: Canvas, _ box: Box
  ) {
    canvas.write(
      [
        (name, TextStyle(size: FigureText.heading.size, isBold: true, colour: colour)),
        ("   \(ends)", FigureText.soft),
      ],
      at: Point(box.x, box.y + 11))
    let top = box.y + TimePart.heading
    let plot = Box(x: box.x, y: top, width: box.width, height: box.bottom - top)
    drawFaceless(
      faceless.boxes(of: 0, y: plot.y, height: plot.height), within: plot, on: canvas)
    drawTicks(on: canvas, from: plot.y, to: plot.bottom)
    for (level, label) in [(1.0, "+1"), (0, "0"), (-1, "−1")] {
      let y = plot.centre.y - level * plot.height / 2
      canvas.line(
        Point(plot.x, y), Point(plot.right, y), level == 0 ? Colour(0xb4bcc6) : .rule)
      canvas.write(
        label, at: Point(plot.x - 10, y), FigureText.number, .right, isCentred: true)
    }
    drawCurve(Trace(recording, axis, value), colour, on: canvas, in: plot)
  }

  private func drawCurve(_ trace: Trace, _ colour: Colour, on canvas: Canvas, in plot: Box) {
    func place(_ x: Double, _ value: Double) -> Point {
      Point(x, plot.centre.y - value * plot.height / 2).inEighths
    }
    for run in trace.runs {
      if trace.isCondensed && run.count > 1 {
        let area =
          run.map { place($0.x, $0.high) } + run.reversed().map { place($0.x, $0.low) }
        canvas.fill(area, colour.faded(to: 0.28))
      }
      canvas.stroke(
        run.map { place($0.x, $0.mean) }, colour, width: trace.isCondensed ? 1.1 : 1.5)
    }
  }
}

extension Point {
  /// The nearest eighths: a few digits of a file instead of many, and finer than any screen.
  fileprivate var inEighths: Point { (self * 8).rounded(.toNearestOrAwayFromZero) / 8 }
}
