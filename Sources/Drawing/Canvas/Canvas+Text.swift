import CCairo

/// How a text looks.
struct TextStyle {
  /// Of the font, in units of the canvas; capital letters are about 0.73 of it high.
  var size: Double
  var isBold = false
  var colour = Colour.ink
}

/// Which part of a text stands at the place that is named for it.
enum TextAnchor: Double {
  case left = 0
  case middle = 0.5
  case right = 1
}

extension Canvas {
  /// How wide a text is.
  func width(of text: String, _ style: TextStyle) -> Double {
    use(style)
    var extents = cairo_text_extents_t()
    cairo_text_extents(context, typefaces.spelled(text), &extents)
    return extents.x_advance
  }

  /// Writes a text in one line, which stands on `place` or, where `isCentred`, has its capital letters'
  /// middle there.
  func write(
    _ text: String, at place: Point, _ style: TextStyle, _ anchor: TextAnchor = .left,
    isCentred: Bool = false
  ) {
    var place = place
    if anchor != .left { place.x -= anchor.rawValue * width(of: text, style) }
    if isCentred { place.y += 0.365 * style.size }
    use(style)
    use(style.colour)
    cairo_move_to(context, place.x, place.y)
    cairo_show_text(context, typefaces.spelled(text))
    cairo_new_path(context)
  }

  /// Writes a text from the bottom up, its middle at `place`.
  func writeUpwards(_ text: String, at place: Point, _ style: TextStyle) {
    cairo_save(context)
    cairo_translate(context, place.x, place.y)
    cairo_rotate(context, -.pi / 2)
    write(text, at: Point(0, 0), style, .middle, isCentred: true)
    cairo_restore(context)
  }

  /// Writes a text's parts one behind the other, and returns where the last one ends.
  @discardableResult
  func write(_ parts: [(text: String, style: TextStyle)], at place: Point) -> Double {
    var place = place
    for part in parts {
      write(part.text, at: place, part.style)
      place.x += width(of: part.text, part.style)
    }
    return place.x
  }

  /// The text, without its middle where it is wider than `limit`: names of files tell most at their ends.
  func shortened(_ text: String, _ style: TextStyle, to limit: Double) -> String {
    if width(of: text, style) <= limit { return text }
    let characters = Array(text)
    func cut(_ kept: Int) -> String {
      String(characters.prefix((kept + 1) / 2)) + "…" + String(characters.suffix(kept / 2))
    }
    var (fits, failing) = (0, characters.count)
    while failing - fits > 1 {
      let middle = (fits + failing) / 2
      if width(of: cut(middle), style) <= limit { fits = middle } else { failing = middle }
    }
    return fits == 0 ? "" : cut(fits)
  }
}

extension String {
  /// The text as it can be written in one line: what has no shape becomes a space, runs of spaces one,
  /// and of very long texts the beginning and the end remain.
  var inOneLine: String {
    let mostScalars = 400
    var scalars = Array(unicodeScalars.prefix(mostScalars / 2))
    let rest = unicodeScalars.dropFirst(mostScalars / 2)
    if rest.count > mostScalars / 2 { scalars.append("…") }
    scalars += rest.suffix(mostScalars / 2)
    var line = String.UnicodeScalarView()
    for scalar in scalars {
      switch scalar.properties.generalCategory {
      case .format: continue
      case .nonspacingMark where line.isEmpty, .enclosingMark where line.isEmpty: continue
      case .control, .lineSeparator, .paragraphSeparator, .spaceSeparator, .surrogate, .privateUse,
        .unassigned:
        if let last = line.last, last != " " { line.append(" ") }
      default: line.append(scalar)
      }
    }
    if line.last == " " { line.removeLast() }
    return String(line)
  }
}
