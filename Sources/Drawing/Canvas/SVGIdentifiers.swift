/// Names that cairo gives to the parts of an SVG file.
enum SVGIdentifiers {
  private static let definition = Array("id=\"".utf8)

  /// The file with its parts numbered from 0 on: cairo counts them over all pictures of a process, and the
  /// same picture is to be the same bytes.
  static func renumbered(_ file: [UInt8]) -> [UInt8] {
    let names = newNames(file)
    var renumbered: [UInt8] = []
    renumbered.reserveCapacity(file.count)
    var place = 0
    while place < file.count {
      let byte = file[place]
      renumbered.append(byte)
      place += 1
      // References are "#name", definitions id="name".
      guard byte == UInt8(ascii: "#") || (byte == UInt8(ascii: "\"") && endsDefinition(file, place))
      else { continue }
      let name = name(file, at: place)
      guard let replacement = names[name] else { continue }
      renumbered += replacement
      place += name.count
    }
    return renumbered
  }

  /// For each name that is defined the one it gets.
  private static func newNames(_ file: [UInt8]) -> [ArraySlice<UInt8>: [UInt8]] {
    var names: [ArraySlice<UInt8>: [UInt8]] = [:]
    var counts: [ArraySlice<UInt8>: Int] = [:]
    for place in file.indices where file[place] == UInt8(ascii: "\"") {
      guard endsDefinition(file, place + 1) else { continue }
      let name = name(file, at: place + 1)
      let digits = name.reversed().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard !digits.isEmpty, names[name] == nil else { continue }
      let kind = name.dropLast(digits.count)
      names[name] = kind + Array(String(counts[kind, default: 0]).utf8)
      counts[kind, default: 0] += 1
    }
    return names
  }

  private static func endsDefinition(_ file: [UInt8], _ place: Int) -> Bool {
    place > definition.count && file[place - definition.count - 1] == UInt8(ascii: " ")
      && file[(place - definition.count)..<place].elementsEqual(definition)
  }

  private static func name(_ file: [UInt8], at place: Int) -> ArraySlice<UInt8> {
    file[place...].prefix { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: ")") }
  }
}
