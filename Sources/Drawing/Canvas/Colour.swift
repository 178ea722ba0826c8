/// A colour of sRGB, each part 0 to 1.
struct Colour: Equatable {
  var red: Double
  var green: Double
  var blue: Double
  /// 0 where nothing of it is seen, 1 where nothing behind it is.
  var alpha: Double

  /// A colour as style sheets write it, such as 0x1f6fd6.
  init(_ hexadecimal: UInt32, alpha: Double = 1) {
    red = Double(hexadecimal >> 16 & 255) / 255
    green = Double(hexadecimal >> 8 & 255) / 255
    blue = Double(hexadecimal & 255) / 255
    self.alpha = alpha
  }

  /// The same colour, as thin as `alpha`.
  func faded(to alpha: Double) -> Colour {
    var faded = self
    faded.alpha = alpha
    return faded
  }

  /// The way to another colour, 0 at this one and 1 at the other.
  func mixed(with other: Colour, _ share: Double) -> Colour {
    var mixed = self
    mixed.red += (other.red - red) * share
    mixed.green += (other.green - green) * share
    mixed.blue += (other.blue - blue) * share
    return mixed
  }

  /// How light it is, 0 to 1, with squares for sRGB's curve.
  var luminance: Double { 0.2126 * red * red + 0.7152 * green * green + 0.0722 * blue * blue }

  /// Black or white, whichever is read better on this colour. By contrast alone it would be black from
  /// 0.18 on; white looks better on strong colours that are a little lighter.
  var ink: Colour { luminance > 0.28 ? .ink : .page }

  // The colours of `report.html` on paper.
  static let page = Colour(0xffffff)
  static let card = Colour(0xf6f7f9)
  static let ink = Colour(0x1b1f24)
  static let soft = Colour(0x5c6570)
  static let rule = Colour(0xd8dde3)
  static let valence = Colour(0x1f6fd6)
  static let arousal = Colour(0xc2570c)
}
