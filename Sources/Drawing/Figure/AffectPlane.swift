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

/// The way through the plane of valence and arousal that a recording takes, coloured by time.
struct AffectPath {
  /// Means of valence and arousal, each of a part of the time, with how much of it has passed, 0 to 1.
  private var runs: [[(affect: Point, progress: Double)]] = []

  /// When it begins and ends.
  private(set) var seconds = 0.0...0.0

  /// More than these could not be told apart in the plane.
  private static let parts = 600

  init(_ recording: Recording) {
    let known = recording.moments.filter { $0.estimate.affect != nil }
    guard let first = known.first, let end = known.last else { return }
    seconds = first.seconds...end.seconds
    let duration = max(seconds.upperBound - seconds.lowerBound, 1e-9)
    var part = -1
    var (sum, count, isParted, last) = (Point(0, 0), 0.0, true, -Double.infinity)
    for moment in recording.moments {
      guard let affect = moment.estimate.affect else {
        isParted = true
        continue
      }
      if moment.seconds - last > recording.longestGap { isParted = true }
      last = moment.seconds
      let progress = (moment.seconds - seconds.lowerBound) / duration
      let itsPart = Int(progress * Double(Self.parts))
      if itsPart == part, let run = runs.indices.last {
        sum += affect
        count += 1
        runs[run][runs[run].count - 1].affect = sum / count
      } else {
        if isParted { runs.append([]) }
        runs[runs.count - 1].append((affect, progress))
        (part, sum, count) = (itsPart, affect, 1)
      }
      isParted = false
    }
  }

  var isEmpty: Bool { runs.isEmpty }

  /// A point's colour by the time that has passed, 0 to 1: Viridis without its lightest part.
  static func colour(at progress: Double) -> Colour {
    let stops = [Colour(0x440154), Colour(0x3b528b), Colour(0x21918c), Colour(0x5ec962)]
    let place = min(max(progress, 0), 1) * Double(stops.count - 1)
    let stop = min(Int(place), stops.count - 2)
    return stops[stop].mixed(with: stops[stop + 1], place - Double(stop))
  }

  /// Draws the path, its start and its end.
  func draw(on canvas: Canvas, in plane: AffectPlane) {
    for run in runs {
      // A few points at a time, so that colours change slowly.
      for start in stride(from: 0, to: max(1, run.count - 1), by: 6) {
        let part = run[start..<min(run.count, start + 7)]
        let colour = Self.colour(at: run[start].progress)
        canvas.stroke(
          part.map { plane.place($0.affect) }, colour.faded(to: 0.8), width: 1.6)
      }
    }
    guard let first = runs.first?.first, let last = runs.last?.last else { return }
    Self.drawStart(on: canvas, at: plane.place(first.affect))
    Self.drawEnd(on: canvas, at: plane.place(last.affect))
  }

  /// Draws the bar that tells which colour is which time, with both marks, into a row of 16 units.
  static func drawKey(on canvas: Canvas, in box: Box, from first: String, to last: String) {
    let middle = box.centre.y
    drawStart(on: canvas, at: Point(box.x + 6, middle))
    drawEnd(on: canvas, at: Point(box.right - 6, middle))
    let firstText = "start \(first)"
    let lastText = "end \(last)"
    let left = box.x + 18 + canvas.width(of: firstText, FigureText.number) + 10
    let right = box.right - 18 - canvas.width(of: lastText, FigureText.number) - 10
    canvas.write(
      firstText, at: Point(box.x + 18, middle), FigureText.number, isCentred: true)
    canvas.write(
      lastText, at: Point(box.right - 18, middle), FigureText.number, .right, isCentred: true)
    let steps = 32
    guard right - left > 24 else { return }
    let width = (right - left) / Double(steps)
    for step in 0..<steps {
      // A little wider each, so that no light is seen between them.
      let part = Box(
        x: left + Double(step) * width, y: middle - 3, width: width + (step < steps - 1 ? 0.5 : 0),
        height: 6)
      canvas.fill(part, colour(at: (Double(step) + 0.5) / Double(steps)))
    }
  }

  private static func drawStart(on canvas: Canvas, at place: Point) {
    canvas.fillCircle(at: place, radius: 5, .page)
    canvas.strokeCircle(at: place, radius: 5, colour(at: 0), width: 2.4)
  }

  private static func drawEnd(on canvas: Canvas, at place: Point) {
    let mark = Box(around: place, side: 9)
    canvas.fill(mark, colour(at: 1))
    canvas.stroke(mark, .ink, width: 1.5)
  }
}
