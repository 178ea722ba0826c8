import Studies
import Trainer
import Yams

/// The parameters of a sweep file, as its author wrote them.
struct ParameterTable: Equatable, Sendable {
  /// What is wrong with a table.
  struct Problem: Error {
    /// The parameter, its line and what would be right.
    var text: String
  }

  /// What a table has to be, for help texts.
  static let expectation = "configuration keys with {values: …} or {min: …, max: …}"

  /// The parameters; those that others depend on come first.
  private(set) var space = SearchSpace([])

  /// No parameters.
  init() {}

  /// Reads a table.
  init(yaml node: Node) throws(Problem) {
    guard case .mapping(let mapping) = node, !mapping.isEmpty else {
      throw Problem(text: "expected \(Self.expectation)")
    }
    var parameters: [Parameter] = []
    for (key, value) in mapping {
      let name = key.string ?? ""
      do throws(Problem) {
        parameters.append(try ParameterReader(name, value, after: parameters).parameter())
      } catch {
        let line = key.mark.map { " (line \($0.line))" } ?? ""
        throw Problem(text: "\(name)\(line): \(error.text)")
      }
    }
    space = SearchSpace(parameters)
  }

  /// The table on one line.
  var yaml: String {
    "{"
      + space.parameters.map { "\($0.name.yaml): \($0.yaml(in: space))" }.joined(separator: ", ")
      + "}"
  }
}

/// Reads one parameter.
private struct ParameterReader {
  private typealias Problem = ParameterTable.Problem

  private static let keys = ["values", "min", "max", "log", "step", "grid", "when"]

  private let name: String
  private let fields: [String: Node]
  private let earlier: [Parameter]

  init(_ name: String, _ node: Node, after earlier: [Parameter]) throws(ParameterTable.Problem) {
    guard case .mapping(let mapping) = node else {
      throw Problem(text: "expected {values: …} or {min: …, max: …}")
    }
    (self.name, self.earlier) = (name, earlier)
    fields = Dictionary(mapping.map { ($0.key.string ?? "", $0.value) }) { first, _ in first }
    if let unknown = mapping.map({ $0.key.string ?? "" }).first(where: { !Self.keys.contains($0) })
    {
      throw Problem(
        text: "unknown '\(unknown)'; there are \(Self.keys.joined(separator: ", "))")
    }
  }

  func parameter() throws(ParameterTable.Problem) -> Parameter {
    let gridCount = try value("grid", Int.self)
    if let gridCount, gridCount < 1 { throw Problem(text: "grid must be at least 1") }
    return Parameter(
      name: name, domain: try domain(), conditions: try conditions(), gridCount: gridCount)
  }

  private func domain() throws(ParameterTable.Problem) -> ParameterDomain {
    switch (fields["values"], fields["min"], fields["max"]) {
    case (let values?, nil, nil):
      if let other = ["log", "step", "grid"].first(where: { fields[$0] != nil }) {
        throw Problem(text: "\(other) goes with min and max, not with values")
      }
      return .choice(try choices(values))
    case (nil, _?, _?): return .numeric(try numbers())
    default: throw Problem(text: "expected {values: …} or {min: …, max: …}")
    }
  }

  private func choices(_ node: Node) throws(ParameterTable.Problem) -> [Choice] {
    guard case .sequence(let sequence) = node, !sequence.isEmpty else {
      throw Problem(text: "values must be a list, [first, second, …]")
    }
    let choices = sequence.compactMap { Choice(yaml: $0) }
    guard choices.count == sequence.count else {
      throw Problem(text: "values must be texts, numbers, true, false or null")
    }
    guard Set(choices).count == choices.count else {
      throw Problem(text: "one of the values is there twice")
    }
    return choices
  }

  private func numbers() throws(ParameterTable.Problem) -> NumericDomain {
    let isLogarithmic = try value("log", Bool.self) ?? false
    if let ends = wholeEnds {
      // Larger ones are not each a floating-point number.
      guard max(ends.0.magnitude, ends.1.magnitude) <= 1 << 53 else {
        throw Problem(text: "whole numbers are at most \(1 << 53) here")
      }
      let step = try value("step", Int.self) ?? 1
      try requireEnds(Double(ends.0), Double(ends.1), Double(step), isLogarithmic)
      if isLogarithmic, step != 1 { throw Problem(text: "log and step exclude each other") }
      return .whole(ends.0...ends.1, isLogarithmic: isLogarithmic, step: step)
    }
    guard let low = try value("min", Double.self), let high = try value("max", Double.self) else {
      throw Problem(text: "expected min and max")
    }
    let step = try value("step", Double.self)
    try requireEnds(low, high, step, isLogarithmic)
    if isLogarithmic, step != nil { throw Problem(text: "log and step exclude each other") }
    return .real(low...high, isLogarithmic: isLogarithmic, step: step)
  }

  /// The ends where both are written as whole numbers.
  private var wholeEnds: (Int, Int)? {
    guard let low = fields["min"].flatMap({ Int(yaml: $0) }),
      let high = fields["max"].flatMap({ Int(yaml: $0) })
    else { return nil }
    return (low, high)
  }

  private func requireEnds(
    _ low: Double, _ high: Double, _ step: Double?, _ isLogarithmic: Bool
  ) throws(ParameterTable.Problem) {
    guard low < high else { throw Problem(text: "min must be less than max") }
    guard !isLogarithmic || low > 0 else { throw Problem(text: "log needs a min above 0") }
    guard step ?? 1 > 0, step ?? 0 <= high - low else {
      throw Problem(text: "step must be above 0 and at most max - min")
    }
  }

  private func conditions() throws(ParameterTable.Problem) -> [Parameter.Condition] {
    guard let node = fields["when"] else { return [] }
    guard case .mapping(let mapping) = node else {
      throw Problem(text: "when must be {KEY: VALUE}, KEY being an earlier parameter with values")
    }
    var conditions: [Parameter.Condition] = []
    for (key, wanted) in mapping {
      guard let other = earlier.first(where: { $0.name == key.string }),
        case .choice(let choices) = other.domain
      else {
        throw Problem(
          text: "when: '\(key.string ?? "")' is no earlier parameter with values")
      }
      let nodes = wanted.sequence.map { Array($0) } ?? [wanted]
      let indices = nodes.map { node in Choice(yaml: node).flatMap { choices.firstIndex(of: $0) } }
      guard !indices.isEmpty, !indices.contains(nil) else {
        throw Problem(
          text: "when: \(other.name) has the values "
            + choices.map(\.yaml).joined(separator: ", "))
      }
      conditions.append(
        Parameter.Condition(parameter: other.name, choices: Set(indices.compactMap { $0 })))
    }
    return conditions
  }

  private func value<Value: ConfigurationValue>(
    _ key: String, _ type: Value.Type
  ) throws(ParameterTable.Problem) -> Value? {
    guard let node = fields[key] else { return nil }
    guard let value = Value(yaml: node) else {
      throw Problem(text: "\(key) must be \(Value.expectation)")
    }
    return value
  }
}

extension Choice {
  /// The value of a scalar, by the rules of configuration files.
  init?(yaml node: Node) {
    guard case .scalar = node else { return nil }
    if let value = Bool(yaml: node) {
      self = .truth(value)
    } else if let value = Int(yaml: node) {
      self = .whole(value)
    } else if let value = Double(yaml: node) {
      self = .number(value)
    } else if let value = String(yaml: node) {
      self = .text(value)
    } else {
      self = .nothing
    }
  }

  /// The value as YAML.
  var yaml: String {
    switch self {
    case .text(let text): text.yaml
    case .number(let number): number.yaml
    case .whole(let number): number.yaml
    case .truth(let truth): truth.yaml
    case .nothing: "null"
    }
  }
}

extension Parameter {
  /// A value of the parameter, as trials keep it, in the words of configuration files.
  func yaml(of value: Double) -> String {
    switch domain {
    case .choice(let choices): choices[Int(value)].yaml
    case .numeric(let numbers): numbers.isWhole ? Int(value).yaml : value.yaml
    }
  }

  /// The same for people and tables: texts without quotes.
  func plainText(of value: Double) -> String {
    if case .choice(let choices) = domain, case .text(let text) = choices[Int(value)] {
      return text
    }
    return yaml(of: value)
  }

  /// The parameter as a sweep file has it.
  fileprivate func yaml(in space: SearchSpace) -> String {
    var fields: [String]
    switch domain {
    case .choice(let choices):
      fields = ["values: [\(choices.map(\.yaml).joined(separator: ", "))]"]
    case .numeric(let numbers):
      fields = ["min: \(yaml(of: numbers.low))", "max: \(yaml(of: numbers.high))"]
      if numbers.isLogarithmic { fields.append("log: true") }
      if let step = numbers.step, !(numbers.isWhole && step == 1) {
        fields.append("step: \(yaml(of: step))")
      }
    }
    if let gridCount { fields.append("grid: \(gridCount)") }
    if !conditions.isEmpty {
      let words = conditions.map { condition in
        let other = space.parameters.first { $0.name == condition.parameter }
        let values = condition.choices.sorted().compactMap { other?.yaml(of: Double($0)) }
        return "\(condition.parameter.yaml): [\(values.joined(separator: ", "))]"
      }
      fields.append("when: {\(words.joined(separator: ", "))}")
    }
    return "{\(fields.joined(separator: ", "))}"
  }
}

extension SearchSpace {
  /// The values of a trial as arguments of a training.
  func overrides(_ assignment: Assignment) -> [String] {
    parameters.compactMap { parameter in
      assignment[parameter.name].map { "\(parameter.name)=\(parameter.yaml(of: $0))" }
    }
  }
}
