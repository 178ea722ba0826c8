import Yams

/// One row of a configuration's table: everything that reading, writing, checking, documenting and
/// comparing needs to know about a key.
package struct ConfigurationKey<Root> {
  /// The dotted path, `optimizer.learning_rate`.
  package let path: String
  /// One sentence for people.
  package let help: String
  /// Whether another value gives other trained weights, so that a resumed run must keep it.
  package let changesResult: Bool
  /// Whether there is no default.
  package let isRequired: Bool
  /// What the key accepts.
  package let expectation: String
  /// Sets the value from YAML; returns what is wrong with the node, or nil.
  package let read: (Node, inout Root) -> String?
  /// The value as YAML.
  package let write: (Root) -> String

  /// A key of type `Value`, stored in `field`.
  package init<Value: ConfigurationValue>(
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

  /// A key whose value is a table of its own.
  ///
  /// - Parameters:
  ///   - read: sets the value; returns what is wrong with the node, or nil.
  ///   - write: the value as YAML, on one line.
  package init(
    _ path: String, _ help: String, expectation: String, changesResult: Bool = true,
    isRequired: Bool = false, read: @escaping (Node, inout Root) -> String?,
    write: @escaping (Root) -> String
  ) {
    (self.path, self.help, self.expectation) = (path, help, expectation)
    (self.changesResult, self.isRequired) = (changesResult, isRequired)
    (self.read, self.write) = (read, write)
  }

  /// The key `inner` of a section that is stored in `field` of the whole.
  ///
  /// - Parameter section: its name; nil where its keys stand among those of the whole.
  package init<Section>(
    section: String?, _ field: WritableKeyPath<Root, Section>, _ inner: ConfigurationKey<Section>
  ) {
    path = section.map { "\($0).\(inner.path)" } ?? inner.path
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
package protocol ConfigurationSection: Sendable, Equatable {
  /// The defaults.
  init()
  /// The table of keys, in the order in which they are written.
  static var keys: [ConfigurationKey<Self>] { get }
}

extension ConfigurationSection {
  /// The keys of a section that lies in `field`, as rows of this table.
  package static func section<Section: ConfigurationSection>(
    _ name: String, _ field: WritableKeyPath<Self, Section>
  ) -> [ConfigurationKey<Self>] {
    Section.keys.map { ConfigurationKey(section: name, field, $0) }
  }

  /// The resolved configuration as YAML, every key with its value and its sentence of help.
  package func yaml() -> String {
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
  package var resultDecidingValues: [String: String] {
    Dictionary(
      uniqueKeysWithValues: Self.keys.filter(\.changesResult).map { ($0.path, $0.write(self)) })
  }

  /// The table of keys for a help text, one line a key.
  package static var keyTable: String {
    let defaults = Self()
    return keys.map { key in
      let fallback = key.isRequired ? "required" : "default \(key.write(defaults))"
      return "\(key.path): \(key.help) (\(key.expectation); \(fallback))"
    }.joined(separator: "\n")
  }
}

/// A section that adds keys of its own to those of another, which several sections have: `base`'s keys
/// stand among its own, and are read as if they were its properties.
@dynamicMemberLookup
package protocol ExtendingSection: ConfigurationSection {
  associatedtype Base: ConfigurationSection
  /// What others have as well.
  var base: Base { get set }
}

extension ExtendingSection {
  package subscript<Value>(dynamicMember path: KeyPath<Base, Value>) -> Value {
    base[keyPath: path]
  }

  /// The keys of `base`, as rows of this table.
  package static var baseKeys: [ConfigurationKey<Self>] {
    Base.keys.map { ConfigurationKey(section: nil, \.base, $0) }
  }
}
