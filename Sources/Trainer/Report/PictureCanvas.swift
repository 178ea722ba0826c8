import Media

/// A picture to draw on: rectangles, curves and short texts.
struct PictureCanvas {
  /// The colours of `report.html` on paper.
  enum Ink {
    static let white = SIMD3<UInt8>(255, 255, 255)
    static let black = SIMD3<UInt8>(27, 31, 36)
    static let soft = SIMD3<UInt8>(120, 128, 138)
    static let rule = SIMD3<UInt8>(216, 221, 227)
    static let blue = SIMD3<UInt8>(31, 111, 214)
    static let orange = SIMD3<UInt8>(194, 87, 12)
  }

  /// What is drawn on; white at first.
  let pixels: PixelBuffer

  init(width: Int, height: Int) {
    pixels = PixelBuffer(width: width, height: height)
    fill(x: 0..<width, y: 0..<height, Ink.white)
  }

  /// Fills a rectangle; what lies outside of the picture is left out.
  func fill(x columns: Range<Int>, y rows: Range<Int>, _ color: SIMD3<UInt8>) {
    let columns = columns.clamped(to: 0..<pixels.width)
    for row in rows.clamped(to: 0..<pixels.height) {
      for column in columns { pixels.set(color, x: column, y: row) }
    }
  }

  /// Draws a curve over columns of the picture, from one value to the next.
  ///
  /// - Parameters:
  ///   - values: evenly spread over the columns; where one is not finite, there is a gap.
  ///   - range: the values at the lower and at the upper edge of `rows`; others are drawn at the edge.
  func draw(
    _ values: [Float], x columns: Range<Int>, y rows: Range<Int>,
    showing range: ClosedRange<Double>,
    _ color: SIMD3<UInt8>, thickness: Int = 1
  ) {
    let scale = Double(rows.count - thickness) / (range.upperBound - range.lowerBound)
    func row(_ value: Float) -> Int {
      let value = min(max(Double(value), range.lowerBound), range.upperBound)
      return rows.upperBound - thickness - Int(((value - range.lowerBound) * scale).rounded())
    }
    for column in columns.indices {
      let place = column - columns.lowerBound
      let first = place * values.count / columns.count
      // With the next column's first value, so that the curve hangs together.
      let last = min(values.count - 1, (place + 1) * values.count / columns.count)
      guard first <= last else { continue }
      let rows = values[first...last].filter(\.isFinite).map(row)
      guard let top = rows.min(), let bottom = rows.max() else { continue }
      fill(x: column..<(column + thickness), y: top..<(bottom + thickness), color)
    }
  }

  /// Writes a text; what the font does not have becomes a question mark.
  ///
  /// - Parameters:
  ///   - x: of its left edge, or of its middle or its right edge.
  ///   - y: of its upper edge.
  ///   - scale: pixels of a dot.
  func write(
    _ text: String, x: Int, y: Int, _ color: SIMD3<UInt8>, alignment: Alignment = .left,
    scale: Int = 1
  ) {
    let width = PictureFont.width(of: text) * scale
    var left =
      switch alignment {
      case .left: x
      case .middle: x - width / 2
      case .right: x - width
      }
    for character in text {
      for (row, dots) in PictureFont.dots(of: character).enumerated() {
        for (column, isSet) in dots.enumerated() where isSet {
          let (x, y) = (left + column * scale, y + row * scale)
          fill(x: x..<(x + scale), y: y..<(y + scale), color)
        }
      }
      left += PictureFont.advance * scale
    }
  }

  /// Where a text stands.
  enum Alignment {
    case left
    case middle
    case right
  }
}

/// Letters of 5 × 7 dots, and two more rows for those that reach below the line, for the names of classes and recordings and for numbers.
enum PictureFont {
  /// Dots from one letter to the next.
  static let advance = 6
  /// Dots from a letter's top to the line.
  static let height = 7

  /// Dots of a text's width.
  static func width(of text: String) -> Int { max(0, advance * text.count - 1) }

  /// The rows of a letter, from the top; capital letters are written small.
  static func dots(of character: Character) -> [[Bool]] {
    let small = character.lowercased()
    let rows = (small.first.flatMap { letters[$0] } ?? unknown).split(separator: " ")
    return rows.map { $0.map { $0 == "#" } }
  }

  private static let unknown = ".###. #...# ....# ...#. ..#.. ..... ..#.."

  private static let letters: [Character: String] = [
    " ": "..... ..... ..... ..... ..... ..... .....",
    "0": ".###. #...# #..## #.#.# ##..# #...# .###.",
    "1": "..#.. .##.. ..#.. ..#.. ..#.. ..#.. .###.",
    "2": ".###. #...# ....# ..##. .#... #.... #####",
    "3": ".###. #...# ....# ..##. ....# #...# .###.",
    "4": "...#. ..##. .#.#. #..#. ##### ...#. ...#.",
    "5": "##### #.... ####. ....# ....# #...# .###.",
    "6": "..##. .#... #.... ####. #...# #...# .###.",
    "7": "##### ....# ...#. ..#.. ..#.. .#... .#...",
    "8": ".###. #...# #...# .###. #...# #...# .###.",
    "9": ".###. #...# #...# .#### ....# ...#. .##..",
    "a": "..... ..... .###. ....# .#### #...# .####",
    "b": "#.... #.... ####. #...# #...# #...# ####.",
    "c": "..... ..... .###. #...# #.... #...# .###.",
    "d": "....# ....# .#### #...# #...# #...# .####",
    "e": "..... ..... .###. #...# ##### #.... .###.",
    "f": "..##. .#... ####. .#... .#... .#... .#...",
    "g": "..... ..... .#### #...# #...# #...# .#### ....# .###.",
    "h": "#.... #.... ####. #...# #...# #...# #...#",
    "i": "..#.. ..... .##.. ..#.. ..#.. ..#.. .###.",
    "j": "...#. ..... ..##. ...#. ...#. ...#. ...#. #..#. .##..",
    "k": "#.... #.... #..#. #.#.. ##... #.#.. #..#.",
    "l": ".##.. ..#.. ..#.. ..#.. ..#.. ..#.. .###.",
    "m": "..... ..... ##.#. #.#.# #.#.# #.#.# #.#.#",
    "n": "..... ..... ####. #...# #...# #...# #...#",
    "o": "..... ..... .###. #...# #...# #...# .###.",
    "p": "..... ..... ####. #...# #...# #...# ####. #.... #....",
    "q": "..... ..... .#### #...# #...# #...# .#### ....# ....#",
    "r": "..... ..... #.##. ##..# #.... #.... #....",
    "s": "..... ..... .#### #.... .###. ....# ####.",
    "t": ".#... .#... ####. .#... .#... .#..# ..##.",
    "u": "..... ..... #...# #...# #...# #...# .####",
    "v": "..... ..... #...# #...# #...# .#.#. ..#..",
    "w": "..... ..... #.#.# #.#.# #.#.# #.#.# .#.#.",
    "x": "..... ..... #...# .#.#. ..#.. .#.#. #...#",
    "y": "..... ..... #...# #...# #...# #...# .#### ....# .###.",
    "z": "..... ..... ##### ...#. ..#.. .#... #####",
    ".": "..... ..... ..... ..... ..... .##.. .##..",
    ",": "..... ..... ..... ..... .##.. ..#.. .#...",
    ":": "..... .##.. .##.. ..... .##.. .##.. .....",
    "-": "..... ..... ..... .###. ..... ..... .....",
    "_": "..... ..... ..... ..... ..... ..... #####",
    "%": "##..# ##.#. ...#. ..#.. .#... .#.## #..##",
  ]
}
