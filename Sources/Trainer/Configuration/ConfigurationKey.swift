import Yams

/// What a value must satisfy beyond its type.
struct Requirement<Value>: Sendable {
  /// Completes the sentence "must be …".
  let words: String
  let holds: @Sendable (Value) -> Bool

  /// The same requirement where there is a value at all.
  var ifPresent: Requirement<Value?> {
    let holds = holds
    return Requirement<Value?>(words: words) { $0.map(holds) ?? true }
  }
}

extension Requirement<Interval> {
  static var notEmpty: Self {
    Requirement(words: "at least 1 epoch or step") { $0.count > 0 }
  }
}

extension Requirement where Value: Comparable & ExpressibleByIntegerLiteral & Sendable {
  static var positive: Self { Requirement(words: "greater than 0") { $0 > 0 } }
  static var notNegative: Self { Requirement(words: "at least 0") { $0 >= 0 } }
  static func atLeast(_ least: Value) -> Self {
    Requirement(words: "at least \(least)") { $0 >= least }
  }
  static func from(_ least: Value, to most: Value) -> Self {
    Requirement(words: "from \(least) to \(most)") { $0 >= least && $0 <= most }
  }
  static func oneTo(_ most: Value) -> Self { from(1, to: most) }
  static var fraction: Self { Requirement(words: "from 0 to 1") { $0 >= 0 && $0 <= 1 } }
  static var belowOne: Self {
    Requirement(words: "at least 0 and below 1") { $0 >= 0 && $0 < 1 }
  }
}

/// One row of a configuration's table: everything that reading, writing, checking, documenting and
/// comparing needs to know about a key.
struct ConfigurationKey<Root> {
  /// The dotted path, `optimizer.learning_rate`.
  let path: String
  /// One sentence for people.
  let help: String
  /// Whether another value gives other trained weights, so that a resumed run must keep it.
  let changesResult: Bool
  /// Whether there is no default.
  let isRequired: Bool
  /// What the key accepts.
  let expectation: String
  /// Sets the value from YAML; returns what is wrong with the node, or nil.
  let read: (Node, inout Root) -> String?
  /// The value as YAML.
  let write: (Root) -> String

  /// A key of type `Value`, stored in `field`.
  init<Value: ConfigurationValue>(
    _ path: String, _ field: WritableKeyPath<Root, Value>, _ help: String,
    must requirement: Requirement<Value>? = nil, changesResult: Bool = true,
    isRequired: Bool = false
  ) {
    self.path = path
    self.help = help
    self.changesResult = changesResult
    self.isRequired = isRequired
    expectation = Value.expectation + (requirement.map { " \($0.words)" } ?? "")
    read = { node, root in
      guard let value = Value(yaml: node) else {
        return "expected \(Value.expectation), found \(node.shown)"
      }
      if let requirement, !requirement.holds(value) {
        return "must be \(requirement.words), is \(value.yaml)"
      }
      root[keyPath: field] = value
      return nil
    }
    write = { $0[keyPath: field].yaml }
  }

  /// The key `inner` of a section that is stored in `field` of the whole.
  init<Section>(
    section: String, _ field: WritableKeyPath<Root, Section>, _ inner: ConfigurationKey<Section>
  ) {
    path = "\(section).\(inner.path)"
    help = inner.help
    changesResult = inner.changesResult
    isRequired = inner.isRequired
    expectation = inner.expectation
    read = { node, root in inner.read(node, &root[keyPath: field]) }
    write = { inner.write($0[keyPath: field]) }
  }
}

/// A part of a configuration tree, or a whole one: a struct whose property initialisers are the
/// defaults, with the table of its keys.
protocol ConfigurationSection: Sendable, Equatable {
  /// The defaults.
  init()
  /// The table of keys, in the order in which they are written.
  static var keys: [ConfigurationKey<Self>] { get }
}

extension ConfigurationSection {
  /// The keys of a section that lies in `field`, as rows of this table.
  static func section<Section: ConfigurationSection>(
    _ name: String, _ field: WritableKeyPath<Self, Section>
  ) -> [ConfigurationKey<Self>] {
    Section.keys.map { ConfigurationKey(section: name, field, $0) }
  }

  /// The resolved configuration as YAML, every key with its value and its sentence of help.
  func yaml() -> String {
    var lines: [String] = []
    var openSections: [Substring] = []
    for key in Self.keys {
      let parts = key.path.split(separator: ".")
      let sections = Array(parts.dropLast())
      let shared = zip(sections, openSections).prefix { $0 == $1 }.count
      for depth in shared..<sections.count {
        lines.append(String(repeating: "  ", count: depth) + "\(sections[depth]):")
      }
      openSections = sections
      let indentation = String(repeating: "  ", count: sections.count)
      lines.append("\(indentation)# \(key.help)")
      lines.append("\(indentation)\(parts.last ?? ""): \(key.write(self))")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The values of the keys that decide the trained weights, by dotted key.
  var resultDecidingValues: [String: String] {
    Dictionary(
      uniqueKeysWithValues: Self.keys.filter(\.changesResult).map { ($0.path, $0.write(self)) })
  }

  /// The table of keys for a help text, one line a key.
  static var keyTable: String {
    let defaults = Self()
    return keys.map { key in
      let fallback = key.isRequired ? "required" : "default \(key.write(defaults))"
      return "\(key.path): \(key.help) (\(key.expectation); \(fallback))"
    }.joined(separator: "\n")
  }
}
