/// A piece of HTML or SVG, in which every text and every attribute is escaped where it is written: no
/// name of a class, path or value of a configuration can become markup.
struct Markup: Equatable, Sendable {
  private indirect enum Content: Equatable {
    case text(String)
    /// A style sheet: not escaped, and never anything but this package's own.
    case style(StaticText)
    case element(String, [Attribute], [Markup])
  }

  private struct Attribute: Equatable {
    var name: String
    var value: String
  }

  /// A text that is written in the source.
  private struct StaticText: Equatable {
    var text: StaticString

    static func == (left: Self, right: Self) -> Bool {
      left.text.description == right.text.description
    }
  }

  /// Elements of HTML that have neither content nor an end.
  private static let void: Set<String> = ["br", "img", "meta"]

  private let content: Content

  private init(_ content: Content) { self.content = content }

  /// Plain text.
  static func text(_ text: String) -> Markup { Markup(.text(text)) }

  /// The element `style` with a style sheet of this package.
  static func style(_ sheet: StaticString) -> Markup { Markup(.style(StaticText(text: sheet))) }

  /// An element; attributes in the order of writing.
  ///
  /// - Parameter name: of an element and, as the labels of attributes, never from outside.
  static func element(
    _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ children: [Markup] = []
  ) -> Markup {
    Markup(.element(name, attributes.map { Attribute(name: $0.key, value: $0.value) }, children))
  }

  /// An element with a text.
  static func element(
    _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ text: String
  ) -> Markup { element(name, attributes, [.text(text)]) }

  /// The markup as text.
  var html: String {
    var html = ""
    write(to: &html)
    return html
  }

  private func write(to html: inout String) {
    switch content {
    case .text(let text): html += Self.escaped(text)
    case .style(let sheet): html += "<style>\n\(sheet.text)\n</style>\n"
    case .element(let name, let attributes, let children):
      html += "<\(name)"
      for attribute in attributes {
        html += " \(attribute.name)=\"\(Self.escaped(attribute.value))\""
      }
      html += ">"
      guard !Self.void.contains(name) else { return }
      for child in children { child.write(to: &html) }
      html += "</\(name)>"
      // Lines of a bearable length, but nothing between letters.
      if Self.blocks.contains(name) { html += "\n" }
    }
  }

  private static let blocks: Set<String> = [
    "div", "figure", "h1", "h2", "head", "header", "p", "path", "section", "table", "title", "tr",
  ]

  private static func escaped(_ text: String) -> String {
    var escaped: [UInt8] = []
    escaped.reserveCapacity(text.utf8.count)
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "&"): escaped += Array("&amp;".utf8)
      case UInt8(ascii: "<"): escaped += Array("&lt;".utf8)
      case UInt8(ascii: ">"): escaped += Array("&gt;".utf8)
      case UInt8(ascii: "\""): escaped += Array("&quot;".utf8)
      case UInt8(ascii: "'"): escaped += Array("&#39;".utf8)
      // HTML has no other control characters.
      case 0..<0x20 where byte != 0x0A && byte != 0x09: escaped += Array("\u{FFFD}".utf8)
      default: escaped.append(byte)
      }
    }
    return String(decoding: escaped, as: UTF8.self)
  }
}
