/// The faces of a still picture: each with its classes, and all in the plane of valence and arousal.
struct StillFigure: FigureContent {
  let title: String
  let subtitle: String
  let classes: [String]
  let colours: ClassColours
  let faces: [DrawnFace]
  /// How many more there are than are shown.
  let rest: Int

  private static let mostFaces = 24
  private static let gap = 24.0
  private static let planeSide = 250.0

  init(_ prediction: DrawnPrediction, _ faces: [DrawnFace], subtitle: String) {
    self.subtitle = subtitle
    title = prediction.title
    classes = prediction.classes
    colours = ClassColours(prediction.classes)
    self.faces = faces.prefix(Self.mostFaces).map {
      DrawnFace(picture: $0.picture, estimate: $0.estimate.drawable)
    }
    rest = max(0, faces.count - Self.mostFaces)
  }

  private var hasPlane: Bool { faces.contains { $0.estimate.affect != nil } }
  private var hasPictures: Bool { faces.contains { $0.picture != nil } }
  private var hasNumbers: Bool {
    faces.contains { $0.estimate.valence != nil || $0.estimate.arousal != nil }
  }
  private var hasClasses: Bool { faces.contains { !$0.estimate.probabilities.isEmpty } }
  private var isAlone: Bool { faces.count == 1 }

  /// Faces side by side.
  private var columns: Int { isAlone ? 1 : faces.count <= 4 || hasPlane ? 2 : 3 }
  private var rows: Int { (faces.count + columns - 1) / columns }
  private var pictureSide: Double { isAlone ? 200 : 112 }
  private var pitch: Double { isAlone ? 22 : 15 }
  private var barsHeight: Double { Double(min(classes.count, 12)) * pitch }

  /// From a face's first line to what is below it.
  private var words: Double { isAlone ? 34 : 28 }

  private var cardSize: (width: Double, height: Double) {
    let beside = hasClasses ? (isAlone ? 320.0 : 210.0) : 150.0
    // Numbers stand below the picture where bars stand beside it.
    let ofPicture = hasPictures ? pictureSide + (hasClasses && hasNumbers ? 36 : 0) : 0
    return (
      (hasPictures ? pictureSide + 20 : 0) + beside,
      max(ofPicture, hasClasses ? words + barsHeight : 40)
    )
  }

  private var cardsWidth: Double {
    Double(columns) * (cardSize.width + Self.gap) - Self.gap
  }

  var width: Double {
    let plane = hasPlane ? 56 + AffectPlane.size(side: Self.planeSide).width : 0
    return max(640, 2 * Self.margin + cardsWidth + plane)
  }

  var height: Double {
    let cards = Double(rows) * (cardSize.height + Self.gap) - Self.gap + (rest > 0 ? 30 : 0)
    let plane = hasPlane ? 24 + AffectPlane.size(side: Self.planeSide).height : 0
    return Self.top + max(cards, plane) + Self.margin
  }

  func draw(on canvas: Canvas) {
    drawTitle(title, subtitle, on: canvas)
    for (index, face) in faces.enumerated() {
      let place = Point(
        Self.margin + Double(index % columns) * (cardSize.width + Self.gap),
        Self.top + Double(index / columns) * (cardSize.height + Self.gap))
      let box = Box(x: place.x, y: place.y, width: cardSize.width, height: cardSize.height)
      draw(face, number: index + 1, on: canvas, in: box)
    }
    if rest > 0 {
      let y = Self.top + Double(rows) * (cardSize.height + Self.gap)
      canvas.write("and \(rest) more", at: Point(Self.margin, y + 8), FigureText.soft)
    }
    if hasPlane { drawPlane(on: canvas) }
  }

  private func draw(_ face: DrawnFace, number: Int, on canvas: Canvas, in box: Box) {
    var text = box
    if hasPictures {
      drawPicture(of: face, on: canvas, in: box)
      text.x += pictureSide + 20
      text.width -= pictureSide + 20
    }
    if !isAlone {
      Self.drawBadge(
        number, at: Point(text.x + 9, box.y + 9), Self.colour(of: face, colours), on: canvas)
    }
    var place = Point(text.x + (isAlone ? 0 : 26), box.y + 9)
    let style = TextStyle(size: isAlone ? 15 : 13, isBold: true)
    for line in lines(of: face) {
      let line = canvas.shortened(line, style, to: text.right - place.x)
      canvas.write(line, at: place, style, isCentred: true)
      place.y += 22
    }
    text.y += words
    drawBars(of: face, on: canvas, in: text)
  }

  /// What is said of a face beside it.
  private func lines(of face: DrawnFace) -> [String] {
    let estimate = face.estimate
    if let best = estimate.mostProbableClass {
      let share = FigureText.percent(Double(estimate.probabilities[best]))
      return ["\(classes[best]) \(share)"]
    }
    return estimate.isEmpty ? ["nothing is known"] : Self.numbers(of: face)
  }

  private static func numbers(of face: DrawnFace) -> [String] {
    [("valence", face.estimate.valence), ("arousal", face.estimate.arousal)]
      .compactMap { name, value in value.map { "\(name) \(FigureText.signed(Double($0)))" } }
  }

  private func drawPicture(of face: DrawnFace, on canvas: Canvas, in box: Box) {
    let square = Box(x: box.x, y: box.y, width: pictureSide, height: pictureSide)
    if let picture = face.picture {
      canvas.draw(picture, in: square, radius: 6)
    } else {
      canvas.fill(square, .card, radius: 6)
    }
    guard !face.estimate.probabilities.isEmpty else { return }
    for (index, line) in Self.numbers(of: face).enumerated() {
      let place = Point(box.x, square.bottom + 12 + Double(index) * 16)
      canvas.write(line, at: place, FigureText.number, isCentred: true)
    }
  }

  private func drawBars(of face: DrawnFace, on canvas: Canvas, in box: Box) {
    guard !face.estimate.probabilities.isEmpty else { return }
    var bars = ClassBars(
      classes, shares: face.estimate.probabilities.map(Double.init), colours: colours)
    bars.pitch = pitch
    bars.style.size = isAlone ? 12.5 : 10.5
    bars.draw(on: canvas, in: box)
  }

  private func drawPlane(on canvas: Canvas) {
    let size = AffectPlane.size(side: Self.planeSide)
    let left = width - Self.margin - size.width
    canvas.write(
      "Valence and arousal", at: Point(left, Self.top + 11), FigureText.heading)
    let plane = AffectPlane(
      box: Box(x: left, y: Self.top + 24, width: size.width, height: size.height))
    plane.draw(on: canvas)
    // The first face is drawn last, so that it is seen where faces lie on one point.
    for (index, face) in faces.enumerated().reversed() {
      guard let affect = face.estimate.affect else { continue }
      let place = plane.place(affect)
      let colour = Self.colour(of: face, colours)
      if isAlone {
        canvas.fillCircle(at: place, radius: 7, colour)
        canvas.strokeCircle(at: place, radius: 7, .page, width: 1.5)
      } else {
        Self.drawBadge(index + 1, at: place, colour, on: canvas)
      }
    }
  }

  /// A face's number in its colour, with a light edge that parts it from others.
  private static func drawBadge(
    _ number: Int, at place: Point, _ colour: Colour, on canvas: Canvas
  ) {
    canvas.fillCircle(at: place, radius: 9, colour)
    canvas.strokeCircle(at: place, radius: 9.5, .page, width: 1)
    canvas.write(
      "\(number)", at: place, TextStyle(size: 10.5, isBold: true, colour: colour.ink), .middle,
      isCentred: true)
  }

  private static func colour(of face: DrawnFace, _ colours: ClassColours) -> Colour {
    face.estimate.mostProbableClass.map { colours[$0] } ?? .valence
  }
}
