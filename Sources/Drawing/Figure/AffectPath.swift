/// The way through the plane of valence and arousal that a recording takes, coloured by time.
struct AffectPath {
  /// Means of valence and arousal, each of a part of the time, with how much of it has passed, 0 to 1.
  private var runs: [[(affect: Point, progress: Double)]] = []

  /// When it begins and ends.
  private(set) var seconds = 0.0...0.0

  /// More than these could not be told apart in the plane.
  private static let parts = 600
  /// The one that is being filled, and how many moments it has.
  private var part = 0
  private var count = 0.0

  init(_ recording: Recording) {
    let known = recording.moments.filter { $0.estimate.affect != nil }
    guard let first = known.first, let end = known.last else { return }
    seconds = first.seconds...end.seconds
    let duration = max(end.seconds - first.seconds, 1e-9)
    var (isParted, last) = (true, first.seconds)
    for moment in recording.moments {
      guard let affect = moment.estimate.affect else {
        isParted = true
        continue
      }
      isParted = isParted || moment.seconds - last > recording.longestGap
      last = moment.seconds
      add(affect, at: (moment.seconds - first.seconds) / duration, startingRun: isParted)
      isParted = false
    }
  }

  private mutating func add(_ affect: Point, at progress: Double, startingRun: Bool) {
    let part = min(Int(progress * Double(Self.parts)), Self.parts - 1)
    if let run = runs.indices.last, part == self.part {
      count += 1
      runs[run][runs[run].count - 1].affect +=
        (affect - runs[run][runs[run].count - 1].affect) / count
    } else {
      if startingRun { runs.append([]) }
      runs[runs.count - 1].append((affect, progress))
      (self.part, count) = (part, 1)
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
