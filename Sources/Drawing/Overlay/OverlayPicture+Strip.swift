extension OverlayPicture {
  /// Draws what was said of the last seconds, up to now at the right: valence and arousal, and a band in
  /// the colours of the most probable classes.
  func drawStrip(in box: Box, _ history: [DrawnMoment]) {
    canvas.fill(box, Self.shade)
    // At a time that is no number nothing is known of what was before.
    guard moment.seconds.isFinite else { return }
    let pad = layout.margin
    let left = overlay.hasAffect ? pad + numbersWidth + font : pad
    let plot = Box(
      x: left, y: box.y + 0.6 * font, width: box.right - pad - left,
      height: box.height - 1.2 * font)
    guard plot.width > 4 * font else { return }
    let recording = Recording(history)
    let axis = TimeAxis(
      (moment.seconds - overlay.historySeconds)...moment.seconds, left: plot.x, width: plot.width)
    var traces = plot
    if !overlay.classes.isEmpty {
      let height = overlay.hasAffect ? 0.4 * font : plot.height
      traces.height -= height + 0.3 * font
      let ribbon = Box(
        x: plot.x, y: plot.bottom - height, width: plot.width, height: height)
      drawRibbon(recording, axis, in: ribbon)
    }
    if overlay.hasAffect { drawTraces(recording, axis, in: traces, numbersLeft: pad) }
  }

  private var numbersStyle: TextStyle { style(0.85, Self.light) }

  /// Of the longest of them, so that nothing moves when they change.
  private var numbersWidth: Double { canvas.width(of: "valence  −0.88", numbersStyle) }

  private func drawRibbon(_ recording: Recording, _ axis: TimeAxis, in box: Box) {
    canvas.fill(box, Colour(0xffffff, alpha: 0.14))
    let best = TimeBands(recording, axis, kinds: overlay.classes.count) {
      recording.moments[$0].estimate.mostProbableClass
    }
    for band in best.bands {
      canvas.fill(
        Box(x: band.left, y: box.y, width: band.right - band.left, height: box.height),
        overlay.colours[band.kind])
    }
  }

  private func drawTraces(
    _ recording: Recording, _ axis: TimeAxis, in plot: Box, numbersLeft: Double
  ) {
    let faceless = TimeBands(recording, axis, kinds: 1) {
      recording.moments[$0].region == nil ? 0 : nil
    }
    for hole in faceless.boxes(of: 0, y: plot.y, height: plot.height) {
      canvas.fill(hole, Colour(0xffffff, alpha: 0.12))
    }
    drawGrid(in: plot)
    let values: [(name: String, value: (EmotionEstimate) -> Float?, colour: Colour)] = [
      ("valence", \.valence, Self.valence), ("arousal", \.arousal, Self.arousal),
    ]
    for (row, line) in values.enumerated() {
      draw(Trace(recording, axis, line.value), line.colour, in: plot)
      let now = line.value(moment.estimate)
      let place = Point(numbersLeft, plot.y + (0.25 + 0.5 * Double(row)) * plot.height)
      writeNumber(line.name, now, line.colour, at: place)
      guard let now else { continue }
      canvas.fillCircle(
        at: Point(plot.right, plot.centre.y - Double(now) * plot.height / 2), radius: font / 5,
        line.colour)
    }
  }

  /// Lines at −1, 0 and 1, and at now, as rectangles of whole pixels: sharp, and quick to fill.
  private func drawGrid(in plot: Box) {
    let thin = max(1, (font / 16).rounded())
    for level in [0, 0.5, 1] {
      let y = (plot.y + level * plot.height - thin / 2).rounded()
      let line = Box(x: plot.x.rounded(), y: y, width: plot.width.rounded(), height: thin)
      canvas.fill(line, Colour(0xffffff, alpha: level == 0.5 ? 0.4 : 0.16))
    }
    let now = Box(
      x: (plot.right - thin / 2).rounded(), y: plot.y.rounded(), width: thin,
      height: plot.height.rounded())
    canvas.fill(now, Self.light)
  }

  private func draw(_ trace: Trace, _ colour: Colour, in plot: Box) {
    for run in trace.runs {
      canvas.stroke(
        run.map { Point($0.x, plot.centre.y - $0.mean * plot.height / 2) }, colour,
        width: max(1, font / 11))
    }
  }

  private func writeNumber(_ name: String, _ value: Float?, _ colour: Colour, at place: Point) {
    var text = numbersStyle
    text.colour = colour
    canvas.write(name, at: place, text, isCentred: true)
    let number = value.map { FigureText.signed(Double($0)) } ?? "–"
    text.colour = Self.light
    canvas.write(
      number, at: Point(place.x + numbersWidth, place.y), text, .right, isCentred: true)
  }
}
