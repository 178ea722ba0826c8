/// Draws the parts of an overlay onto one frame.
struct OverlayPicture {
  let overlay: FilmOverlay
  let canvas: Canvas
  let layout: OverlayLayout
  let moment: DrawnMoment

  var font: Double { layout.font }

  /// Lets what lies behind be seen, and light letters be read on whatever that is.
  static let shade = Colour(0x0d1014, alpha: 0.7)
  static let light = Colour(0xffffff)
  static let pale = Colour(0xc9d0d8)
  // As `report.html` has them on dark pages.
  static let valence = Colour(0x6ca8ff)
  static let arousal = Colour(0xf2994a)

  /// The colour of what is most probable, white where nothing is.
  var colour: Colour {
    moment.estimate.mostProbableClass.map { overlay.colours[$0] } ?? Self.light
  }

  func style(_ scale: Double = 1, _ colour: Colour, isBold: Bool = false) -> TextStyle {
    TextStyle(size: max(8, font * scale), isBold: isBold, colour: colour)
  }
}

// MARK: - The face

extension OverlayPicture {
  /// How thick the line around a face is, in pixels.
  static func lineWidth(font: Double) -> Double { max(1, (font / 8).rounded()) }

  /// Draws the box, in the class's colour between dark edges, and what is said of the face.
  func drawFace(_ face: Box) {
    let width = Self.lineWidth(font: font)
    canvas.stroke(face, Colour(0x0d1014, alpha: 0.55), width: width + 2)
    canvas.stroke(face, colour, width: width)
    guard let label = faceLabel() else { return }
    var box = label.box
    box.x = face.x - width / 2
    // Above the box; where there is no room, inside of it.
    box.y = face.y - width / 2 - box.height
    if box.y < 0 { box.y = max(0, face.y + width / 2) }
    draw(label, at: box.moved(into: layout.frame))
  }

  /// Says that there is no face.
  func drawMissingFace() {
    let text = style(0.9, Self.pale)
    let width = canvas.width(of: "no face", text) + font
    guard width <= layout.frame.width else { return }
    let box = Box(
      x: (layout.frame.width - width) / 2, y: min(layout.margin, layout.frame.height / 8),
      width: width, height: 1.5 * font)
    canvas.fill(box, Self.shade, radius: font / 3)
    canvas.write("no face", at: box.centre, text, .middle, isCentred: true)
  }

  /// What stands at a face: a line or two, and where they are.
  struct Label {
    var box: Box
    var name: String?
    var numbers: String?
    var nameWidth = 0.0
  }

  /// As much as the frame is wide enough for; numbers only where no strip has them.
  private func faceLabel() -> Label? {
    let room = layout.frame.width - font
    let name = nameText(room: room)
    let numbers = layout.strip == nil ? numbersText(room: room) : nil
    guard name != nil || numbers != nil else { return nil }
    let nameWidth = name.map { canvas.width(of: $0, nameStyle) + 0.9 * font } ?? 0
    let numbersWidth = numbers.map { canvas.width(of: $0, numbersStyle) + 0.9 * font } ?? 0
    let lines = (name == nil ? 0 : 1.0) + (numbers == nil ? 0 : 1)
    let box = Box(x: 0, y: 0, width: max(nameWidth, numbersWidth), height: lines * lineHeight)
    return Label(box: box, name: name, numbers: numbers, nameWidth: nameWidth)
  }

  private var lineHeight: Double { (1.5 * font).rounded() }
  private var nameStyle: TextStyle { style(1, colour.ink, isBold: true) }
  private var numbersStyle: TextStyle { style(0.9, Self.light) }

  private func nameText(room: Double) -> String? {
    guard let best = moment.estimate.mostProbableClass else { return nil }
    let share = FigureText.percent(Double(moment.estimate.probabilities[best]))
    let name = overlay.classes[best]
    if canvas.width(of: "\(name) \(share)", nameStyle) <= room { return "\(name) \(share)" }
    let shortened = canvas.shortened(name, nameStyle, to: room)
    return shortened.isEmpty ? nil : shortened
  }

  private func numbersText(room: Double) -> String? {
    let values = [("valence", moment.estimate.valence), ("arousal", moment.estimate.arousal)]
      .compactMap { name, value in value.map { (name, FigureText.signed(Double($0))) } }
    // A second line of a very small frame would cover much of the face.
    guard !values.isEmpty, layout.frame.height >= 12 * font else { return nil }
    let texts = [
      values.map { "\($0.0) \($0.1)" }.joined(separator: "  "),
      values.map { "\($0.0.prefix(1)) \($0.1)" }.joined(separator: "  "),
    ]
    // Whole words where they cover a part of the width alone.
    let limits = [0.6 * room, room]
    return zip(texts, limits).first { canvas.width(of: $0, numbersStyle) <= $1 }?.0
  }

  private func draw(_ label: Label, at box: Box) {
    var line = Box(x: box.x, y: box.y, width: label.nameWidth, height: lineHeight)
    if let name = label.name {
      canvas.fill(line, colour)
      canvas.write(
        name, at: Point(line.x + 0.45 * font, line.centre.y), nameStyle, isCentred: true)
      line.y = line.bottom
    }
    guard let numbers = label.numbers else { return }
    line.width = box.width
    canvas.fill(line, Self.shade)
    canvas.write(
      numbers, at: Point(line.x + 0.45 * font, line.centre.y), numbersStyle, isCentred: true)
  }
}

// MARK: - Classes

extension OverlayPicture {
  func drawBars(in box: Box) {
    canvas.fill(box, Self.shade, radius: font / 3)
    let pad = 0.5 * font
    let nameRoom = 5.4 * font
    let longest = box.width - nameRoom - 2.4 * pad
    for (row, index) in shownClasses.enumerated() {
      let middle = box.y + 0.3 * font + (Double(row) + 0.5) * OverlayLayout.barPitch * font
      let isBest = index == moment.estimate.mostProbableClass
      let text = style(0.85, isBest ? Self.light : Self.pale, isBold: isBest)
      canvas.write(
        canvas.shortened(overlay.classes[index], text, to: nameRoom),
        at: Point(box.x + pad, middle), text, isCentred: true)
      var bar = Box(
        x: box.x + 1.4 * pad + nameRoom, y: middle - 0.32 * font, width: longest,
        height: 0.64 * font)
      canvas.fill(bar, Colour(0xffffff, alpha: 0.12))
      guard !moment.estimate.probabilities.isEmpty else { continue }
      bar.width = longest * Double(moment.estimate.probabilities[index])
      canvas.fill(bar, overlay.colours[index])
    }
  }

  /// In the order of classes; where there is no room for all, the most probable ones.
  private var shownClasses: [Int] {
    let all = overlay.classes.indices
    let probabilities = moment.estimate.probabilities
    guard all.count > layout.barCount, !probabilities.isEmpty else {
      return Array(all.prefix(layout.barCount))
    }
    return all.sorted { (probabilities[$0], $1) > (probabilities[$1], $0) }
      .prefix(layout.barCount).sorted()
  }
}

// MARK: - The plane

extension OverlayPicture {
  /// Seconds of the way that is seen behind the point.
  private static let trailSeconds = 3.0

  func drawPlane(in box: Box, _ history: [DrawnMoment]) {
    canvas.fill(box, Self.shade, radius: font / 3)
    let circle = box.inset(by: 1.15 * font)
    let radius = circle.width / 2
    let line = Colour(0xffffff, alpha: 0.4)
    canvas.strokeCircle(at: box.centre, radius: radius, line, width: max(1, font / 14))
    canvas.lines(
      [
        (from: Point(circle.x, box.centre.y), to: Point(circle.right, box.centre.y)),
        (from: Point(box.centre.x, circle.y), to: Point(box.centre.x, circle.bottom)),
      ], Colour(0xffffff, alpha: 0.25), width: max(1, font / 14))
    let text = style(0.62, Self.pale)
    let edge = 0.6 * font
    canvas.write(
      "excited", at: Point(box.centre.x, box.y + edge), text, .middle, isCentred: true)
    canvas.write(
      "calm", at: Point(box.centre.x, box.bottom - edge), text, .middle, isCentred: true)
    canvas.writeUpwards("negative", at: Point(box.x + edge, box.centre.y), text)
    canvas.writeUpwards("positive", at: Point(box.right - edge, box.centre.y), text)
    drawTrail(history) { affect in
      box.centre + Point(affect.x * radius, -affect.y * radius)
    }
  }

  private func drawTrail(_ history: [DrawnMoment], _ place: (Point) -> Point) {
    let recent = Array(history.suffix(while: { moment.seconds - $0.seconds <= Self.trailSeconds }))
    // A few parts that fade, each drawn at once: single lines would take most of a frame's time.
    let length = max(1, recent.count / 8)
    for start in stride(from: 0, to: recent.count, by: length) {
      let age = (moment.seconds - recent[start].seconds) / Self.trailSeconds
      let part = recent[start..<min(recent.count, start + length + 1)]
      for run in part.split(whereSeparator: { $0.estimate.affect == nil }) where run.count > 1 {
        canvas.stroke(
          run.compactMap { $0.estimate.affect.map(place) },
          Self.light.faded(to: 0.75 * max(0, 1 - age)), width: max(1, font / 9))
      }
    }
    guard let affect = moment.estimate.affect else { return }
    canvas.fillCircle(at: place(affect), radius: 0.42 * font, colour)
    canvas.strokeCircle(
      at: place(affect), radius: 0.42 * font, Self.light, width: max(1, font / 9))
  }
}

extension Array {
  /// The last elements, for as long as `isWanted` holds, from the last one back.
  fileprivate func suffix(while isWanted: (Element) -> Bool) -> ArraySlice<Element> {
    let unwanted = lastIndex { !isWanted($0) }
    return self[(unwanted.map { $0 + 1 } ?? startIndex)...]
  }
}
