import Yams

/// A type that a configuration key can have: read strictly from YAML, written back the same.
package protocol ConfigurationValue {
  /// What the reader accepts, for messages: `a whole number`.
  static var expectation: String { get }
  /// The value, or nil where the node holds something else.
  init?(yaml node: Node)
  /// The value as YAML, on one line.
  var yaml: String { get }
}

extension Node {
  /// The text of an unquoted scalar: quotes make a string of anything.
  fileprivate var plainText: String? {
    guard case .scalar(let scalar) = self, scalar.style == .plain || scalar.style == .any
    else { return nil }
    return scalar.string
  }

  /// Whether this is `null`, `~` or nothing at all.
  var isNull: Bool {
    plainText.map { ["", "~", "null"].contains($0) } ?? false
  }

  /// The node as a message shows it.
  var shown: String {
    switch self {
    case .scalar(let scalar): isNull ? "nothing" : "'\(scalar.string)'"
    case .sequence: "a list"
    case .mapping: "a section"
    case .alias: "an alias"
    }
  }
}

extension Int: ConfigurationValue {
  package static var expectation: String { "a whole number" }
  package init?(yaml node: Node) {
    guard let text = node.plainText, let value = Int(text) else { return nil }
    self = value
  }
  package var yaml: String { description }
}

extension UInt64: ConfigurationValue {
  package static var expectation: String { "a whole number from 0 to 18446744073709551615" }
  package init?(yaml node: Node) {
    guard let text = node.plainText, let value = UInt64(text) else { return nil }
    self = value
  }
  package var yaml: String { description }
}

extension Double: ConfigurationValue {
  package static var expectation: String { "a number" }
  package init?(yaml node: Node) {
    // YAML 1.1 reads 1e-4 as a string for want of a dot; nobody means one.
    guard let text = node.plainText, let value = Double(text), value.isFinite,
      !text.lowercased().hasPrefix("0x")
    else { return nil }
    self = value
  }
  package var yaml: String { description }
}

extension Bool: ConfigurationValue {
  package static var expectation: String { "true or false" }
  package init?(yaml node: Node) {
    guard let text = node.plainText, let value = Bool(text) else { return nil }
    self = value
  }
  package var yaml: String { description }
}

extension String: ConfigurationValue {
  package static var expectation: String { "a text" }
  package init?(yaml node: Node) {
    guard case .scalar(let scalar) = node, !node.isNull else { return nil }
    self = scalar.string
  }
  package var yaml: String {
    // Not by characters: a quote with an accent on it is one, and so are both bytes of a line end.
    let escaped = unicodeScalars.map { scalar in
      switch scalar {
      case "\\": "\\\\"
      case "\"": "\\\""
      case "\n": "\\n"
      case "\t": "\\t"
      // YAML folds some of these and refuses the others.
      case "\0"..<" ", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}", "\u{FEFF}", "\u{FFFE}",
        "\u{FFFF}":
        "\\u" + String(scalar.value + 0x10000, radix: 16).dropFirst()
      default: String(scalar)
      }
    }
    return "\"" + escaped.joined() + "\""
  }
}

extension Interval: ConfigurationValue {
  static var expectation: String { "an interval with its unit, such as '2 epochs' or '500 steps'" }
  init?(yaml node: Node) {
    guard case .scalar(let scalar) = node, let value = Interval(scalar.string) else { return nil }
    self = value
  }
  var yaml: String { description }
}

extension ClosedRange: ConfigurationValue where Bound == Double {
  package static var expectation: String { "two numbers, [lowest, highest]" }
  package init?(yaml node: Node) {
    guard case .sequence(let sequence) = node, sequence.count == 2,
      let lowest = Double(yaml: sequence[0]), let highest = Double(yaml: sequence[1]),
      lowest <= highest
    else { return nil }
    self = lowest...highest
  }
  package var yaml: String { "[\(lowerBound), \(upperBound)]" }
}

extension Array: ConfigurationValue where Element: ConfigurationValue {
  package static var expectation: String { "a list, [first, second, …], of \(Element.expectation)" }
  package init?(yaml node: Node) {
    guard case .sequence(let sequence) = node else { return nil }
    let values = sequence.compactMap { Element(yaml: $0) }
    guard values.count == sequence.count else { return nil }
    self = values
  }
  package var yaml: String { "[" + map(\.yaml).joined(separator: ", ") + "]" }
}

extension Optional: ConfigurationValue where Wrapped: ConfigurationValue {
  package static var expectation: String { "\(Wrapped.expectation), or null" }
  package init?(yaml node: Node) {
    if node.isNull {
      self = Wrapped?.none
      return
    }
    guard let value = Wrapped(yaml: node) else { return nil }
    self = value
  }
  package var yaml: String { map(\.yaml) ?? "null" }
}

/// One of a few names.
package protocol ConfigurationChoice: ConfigurationValue, CaseIterable, RawRepresentable
where RawValue == String {}

extension ConfigurationChoice {
  /// The names that are accepted.
  package static var expectation: String {
    "one of " + allCases.map(\.rawValue).joined(separator: ", ")
  }
  /// The choice of that name.
  package init?(yaml node: Node) {
    guard case .scalar(let scalar) = node, let value = Self(rawValue: scalar.string)
    else { return nil }
    self = value
  }
  /// Its name.
  package var yaml: String { rawValue }
}
