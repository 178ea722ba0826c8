/// Colours of classes that people of any colour vision tell apart: those of Okabe and Ito, with grey
/// for black and, for what remains, some of Tol's.
///
/// A well-known emotion has the same colour in whichever order a network lists it.
struct ClassColours {
  private let colours: [Colour]

  /// - Parameters:
  ///   - classes: names, in the order of their probabilities.
  ///   - isOnDark: whether what lies behind is dark, so that all colours have to be lighter.
  init(_ classes: [String], isOnDark: Bool = false) {
    var spare = Self.spare.makeIterator()
    let onLight = classes.enumerated().map { index, name in
      let name = name.lowercased()
      if let known = Self.known.first(where: { name.hasPrefix($0.start) }) { return known.colour }
      return spare.next() ?? Self.all[index % Self.all.count]
    }
    colours = isOnDark ? onLight.map(\.lightened) : onLight
  }

  subscript(index: Int) -> Colour { colours[index] }

  /// How names of emotions start, "happy" and "happiness", "fear" and "fearful".
  private static let known: [(start: String, colour: Colour)] = [
    ("neutral", Colour(0x8a929c)), ("happ", Colour(0xe69f00)), ("sad", Colour(0x0072b2)),
    ("surpris", Colour(0x56b4e9)), ("fear", Colour(0xcc79a7)), ("disgust", Colour(0x009e73)),
    ("ang", Colour(0xd55e00)), ("contempt", Colour(0x332288)), ("calm", Colour(0x44aa99)),
  ]
  private static let spare = [
    Colour(0x999933), Colour(0x882255), Colour(0x44aa99), Colour(0xbfa85a), Colour(0x117733),
    Colour(0xaa4499), Colour(0x6699cc), Colour(0x661100),
  ]
  private static let all = known.map(\.colour) + spare
}

extension Colour {
  /// With as much white as lets it be seen on a dark picture, and no more: colours are to stay apart.
  fileprivate var lightened: Colour {
    let lighter = stride(from: 0, through: 0.6, by: 0.05).lazy.map { mixed(with: .page, $0) }
    return lighter.first { $0.luminance >= 0.33 } ?? mixed(with: .page, 0.6)
  }
}
