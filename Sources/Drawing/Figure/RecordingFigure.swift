/// A recording: faces, classes, valence and arousal over one axis of time; beside them the plane of both
/// and how often which class was the most probable one.
struct RecordingFigure: FigureContent {
  let title: String
  let classes: [String]
  let colours: ClassColours
  let recording: Recording
  let thumbnails: [DrawnThumbnail]
  /// What is known of all time; a part of the figure is left out where it would be empty.
  let shares: [Double]?
  let path: AffectPath
  let axis: TimeAxis
  /// Where there is no face.
  let faceless: TimeBands
  let parts: [TimePart]
  /// Classes that have a row.
  let rows: [Int]

  let width: Double
  /// Sides of thumbnails.
  static let thumbnailSide = 76.0
  /// So many stand side by side, with some room between them.
  static let thumbnailCount = 9
  /// Room left of the axis of time, for names of classes and numbers.
  static let gutter = 96.0
  private static let axisWidth = 740.0
  private static let sideWidth = 300.0
  private static let sideDistance = 56.0

  init(_ prediction: DrawnPrediction, _ recording: Recording, _ thumbnails: [DrawnThumbnail]) {
    title = prediction.title
    classes = prediction.classes
    colours = ClassColours(prediction.classes)
    self.recording = recording
    self.thumbnails = thumbnails.filter { $0.seconds.isFinite }
    shares = recording.sharesOfTime(classes: prediction.classes.count)
    path = AffectPath(recording)
    let axis = TimeAxis(
      recording.seconds ?? 0...1, left: Self.margin + Self.gutter, width: Self.axisWidth)
    self.axis = axis
    faceless = TimeBands(recording, axis, kinds: 1) { recording.isFaceless($0) ? 0 : nil }
    rows = shares == nil ? [] : Self.rows(recording, classes: classes.count)
    let hasSide = shares != nil || !path.isEmpty
    parts = TimePart.parts(
      recording, hasThumbnails: !self.thumbnails.isEmpty, hasClasses: shares != nil)
    width =
      2 * Self.margin + Self.gutter + Self.axisWidth
      + (hasSide ? Self.sideDistance + Self.sideWidth : 16)
  }

  /// Of very many classes those that are most probable on the whole.
  private static func rows(_ recording: Recording, classes: Int) -> [Int] {
    let means = (0..<classes).map { index in
      recording.mean { $0.probabilities.isEmpty ? nil : $0.probabilities[index] } ?? 0
    }
    return (0..<classes).sorted { (means[$0], $1) > (means[$1], $0) }.prefix(12).sorted()
  }

  var height: Double {
    let ofParts = parts.map { $0.height(classes: rows.count) + TimePart.distance }.reduce(0, +)
    // The numbers and the name of the axis, and a line about what is drawn how.
    let left = ofParts - TimePart.distance + 46 + (legend.isEmpty ? 0 : 28)
    return Self.top + max(left, sideHeight) + Self.margin
  }

  func draw(on canvas: Canvas) {
    drawTitle(title, subtitle, on: canvas)
    drawTimeParts(on: canvas)
    drawSide(on: canvas)
  }

  private var subtitle: String {
    var facts: [String] = []
    if let seconds = recording.seconds, seconds.upperBound > seconds.lowerBound {
      facts.append(TimeAxis.words(seconds.upperBound - seconds.lowerBound))
    }
    if recording.looksForFaces,
      let share = recording.share(where: { recording.moments[$0].region != nil })
    {
      facts.append("face visible \(FigureText.percent(share)) of the time")
    }
    if let shares, let most = shares.indices.max(by: { shares[$0] < shares[$1] }) {
      facts.append("mostly \(classes[most])")
    }
    for (name, value) in [
      ("valence", recording.mean(\.valence)), ("arousal", recording.mean(\.arousal)),
    ] {
      if let value { facts.append("mean \(name) \(FigureText.signed(value))") }
    }
    return facts.joined(separator: "   ·   ")
  }
}

// MARK: - Beside the axis of time

extension RecordingFigure {
  private static let planeSide = 254.0
  private var planeHeight: Double { path.isEmpty ? 0 : 24 + Self.planeSide + 46 + 28 }

  private var bars: ClassBars? {
    shares.map { ClassBars(classes, shares: $0, colours: colours) }
  }

  private var sideHeight: Double {
    planeHeight + (planeHeight > 0 && bars != nil ? 34 : 0) + (bars.map { 26 + $0.height } ?? 0)
  }

  private func drawSide(on canvas: Canvas) {
    var box = Box(
      x: axis.left + axis.width + Self.sideDistance, y: Self.top, width: Self.sideWidth,
      height: sideHeight)
    if !path.isEmpty {
      drawPlane(on: canvas, in: box)
      box.y += planeHeight + 34
    }
    guard let bars else { return }
    canvas.write(
      [("Most probable class", FigureText.heading), ("   share of time", FigureText.soft)],
      at: Point(box.x, box.y + 11))
    box.y += 26
    bars.draw(on: canvas, in: box)
  }

  private func drawPlane(on canvas: Canvas, in box: Box) {
    canvas.write(
      [("Valence and arousal", FigureText.heading), ("   over time", FigureText.soft)],
      at: Point(box.x, box.y + 11))
    let size = AffectPlane.size(side: Self.planeSide)
    let plane = AffectPlane(
      box: Box(x: box.x, y: box.y + 24, width: size.width, height: size.height))
    plane.draw(on: canvas)
    path.draw(on: canvas, in: plane)
    let key = Box(
      x: plane.square.x, y: plane.box.bottom + 8, width: plane.square.width, height: 16)
    AffectPath.drawKey(
      on: canvas, in: key, from: axis.time(path.seconds.lowerBound),
      to: axis.time(path.seconds.upperBound))
  }
}
