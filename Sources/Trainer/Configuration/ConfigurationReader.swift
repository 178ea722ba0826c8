import Datasets
import Foundation
import Yams

/// A configuration with the places its values come from.
package struct LoadedConfiguration<Root: ConfigurationSection> {
  /// The values.
  package var values: Root
  /// Where each key was written; a key that is missing here has its default.
  package var origins: [String: ConfigurationOrigin]

  /// A mistake of `key`, located where the key was written.
  package func mistake(_ key: String, _ problem: String) -> ConfigurationMistake {
    ConfigurationMistake(origin: origins[key] ?? .builtIn, key: key, problem: problem)
  }

  /// Runs `body`; where Datasets refuses a setting there, that is a mistake of its key.
  ///
  /// - Parameter words: says what was wrong in the stage's own words.
  /// - Throws: `TrainerError.configuration`, and what else `body` throws.
  func pointing<Value>(
    words: (String) -> String = { $0 }, _ body: () throws -> Value
  ) throws -> Value {
    do {
      return try body()
    } catch DatasetError.setting(let name, let reason) {
      throw TrainerError.configuration([mistake(name, words(reason))])
    }
  }
}

/// Reads a configuration from a YAML file and `key=value` arguments, strictly: unknown keys, wrong
/// types and impossible values are all collected, each with its place.
package struct ConfigurationReader<Root: ConfigurationSection> {
  private let keys: [String: ConfigurationKey<Root>]
  private let paths: [String]
  private let sections: Set<String>
  private var loaded = LoadedConfiguration(values: Root(), origins: [:])
  private var mistakes: [ConfigurationMistake] = []

  init() {
    let table = Root.keys
    keys = Dictionary(uniqueKeysWithValues: table.map { ($0.path, $0) })
    paths = table.map(\.path)
    sections = Set(paths.flatMap(enclosingSections))
  }

  /// Reads `file`, then the arguments, which win.
  ///
  /// - Parameter option: what names the file on the command line.
  /// - Throws: `TrainerError.configuration` with everything that is wrong.
  package static func load(
    file: String, overrides: [String], option: String = "--config"
  ) throws -> LoadedConfiguration<Root> {
    guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
      throw TrainerError.configuration([
        ConfigurationMistake(
          origin: .file(file), key: "", problem: "cannot be read; \(option) names a YAML file")
      ])
    }
    var reader = Self()
    reader.read(yaml: text, file: file)
    for argument in overrides { reader.read(argument: argument) }
    return try reader.finish(file: file)
  }

  /// Takes over the values of a document.
  mutating func read(yaml text: String, file: String) {
    do {
      guard let root = try Yams.compose(yaml: text), !root.isNull else { return }
      guard case .mapping(let mapping) = root else {
        report(.line(file: file, line: 1), "", "expected 'key: value' lines")
        return
      }
      read(mapping: mapping, under: "", file: file)
    } catch {
      mistakes.append(syntaxMistake(error, file: file))
    }
  }

  /// Takes over a `key=value` argument.
  mutating func read(argument: String) {
    let origin = ConfigurationOrigin.argument(argument)
    guard let equals = argument.firstIndex(of: "=") else {
      report(origin, "", "expected key=value")
      return
    }
    let path = String(argument[..<equals])
    let text = String(argument[argument.index(after: equals)...])
    do {
      let node = try Yams.compose(yaml: text) ?? Node("null", .implicit, .plain)
      read(node, path: path, origin: origin)
    } catch {
      report(origin, path, "'\(text)' is not a YAML value")
    }
  }

  /// The configuration, where nothing was wrong.
  func finish(file: String) throws -> LoadedConfiguration<Root> {
    let missing = paths.compactMap { path -> ConfigurationMistake? in
      guard keys[path]?.isRequired == true, loaded.origins[path] == nil else { return nil }
      let isSaid = mistakes.contains { $0.key == path }
      return isSaid
        ? nil
        : ConfigurationMistake(
          origin: .file(file), key: path, problem: "is missing and has no default")
    }
    guard mistakes.isEmpty, missing.isEmpty else {
      throw TrainerError.configuration(mistakes + missing)
    }
    return loaded
  }

  private mutating func read(mapping: Node.Mapping, under section: String, file: String) {
    for (name, node) in mapping {
      let path = section.isEmpty ? (name.string ?? "") : "\(section).\(name.string ?? "")"
      let line = name.mark?.line ?? 1
      read(node, path: path, origin: .line(file: file, line: line))
    }
  }

  private mutating func read(_ node: Node, path: String, origin: ConfigurationOrigin) {
    if let key = keys[path] {
      loaded.origins[path] = origin
      if let problem = key.read(node, &loaded.values) { report(origin, path, problem) }
    } else if sections.contains(path) {
      readSection(node, path: path, origin: origin)
    } else {
      report(origin, path, "unknown key\(suggestion(for: path))")
    }
  }

  private mutating func readSection(_ node: Node, path: String, origin: ConfigurationOrigin) {
    switch (node, origin) {
    case (.mapping(let mapping), .line(let file, _)):
      read(mapping: mapping, under: path, file: file)
    case (_, .line) where node.isNull:
      return
    default:
      let members = paths.filter { $0.hasPrefix(path + ".") }
      report(origin, path, "is a section; its keys are \(members.joined(separator: ", "))")
    }
  }

  private func suggestion(for path: String) -> String {
    nearestKey(to: path, among: paths + sections.sorted()).map { "; did you mean '\($0)'?" } ?? ""
  }

  private mutating func report(_ origin: ConfigurationOrigin, _ key: String, _ problem: String) {
    mistakes.append(ConfigurationMistake(origin: origin, key: key, problem: problem))
  }

  private func syntaxMistake(_ error: any Error, file: String) -> ConfigurationMistake {
    func mistake(_ mark: Mark, _ problem: String) -> ConfigurationMistake {
      ConfigurationMistake(
        origin: .line(file: file, line: mark.line), key: "", problem: problem)
    }
    switch error as? YamlError {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      return mistake(mark, "not valid YAML: \(problem)")
    case .duplicatedKeysInMapping(let duplicates, let context):
      return mistake(
        context.mark, "written twice: \(duplicates.joined(separator: ", ")); keep one of them")
    default:
      return ConfigurationMistake(
        origin: .file(file), key: "", problem: "not valid YAML: \(error)")
    }
  }
}

/// `data` and `data.augmentation` of `data.augmentation.flip`.
private func enclosingSections(of path: String) -> [String] {
  let parts = path.split(separator: ".").dropLast()
  return parts.indices.map { parts[...$0].joined(separator: ".") }
}
