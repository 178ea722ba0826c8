import Studies
import TestSupport
import Testing

@testable import Launcher
@testable import Trainer

@Suite("Parameters of a sweep file")
struct ParameterTableTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// The parameters of a sweep file whose `parameters` are these lines.
  private func read(_ lines: String) throws -> ParameterTable {
    let indented = lines.split(separator: "\n").map { "  \($0)\n" }.joined()
    _ = try folder.write(
      "stage: teacher\nconfig: c.yaml\nobjective: {metric: loss}\nparameters:\n" + indented,
      to: "sweep.yaml")
    return try ConfigurationReader<SweepConfiguration>.load(
      file: "\(folder.path)/sweep.yaml", overrides: []
    ).values.parameters
  }

  private static let all = """
    optimizer.name: {values: [sgd, "1", 1, 0.5, true, null]}
    rate: {min: 0.0001, max: 1.0, log: true, grid: 5}
    share: {min: 0.0, max: 1.0, step: 0.25}
    count: {min: 1, max: 9, step: 2}
    size: {min: 1, max: 1024, log: true}
    momentum: {min: 0.5, max: 0.9, when: {optimizer.name: [sgd, 1]}}
    """

  @Test("every kind of parameter is read as it is meant")
  func kinds() throws {
    let parameters = try read(Self.all).space.parameters
    #expect(
      parameters.map(\.name) == ["optimizer.name", "rate", "share", "count", "size", "momentum"])
    #expect(
      parameters.map(\.domain) == [
        .choice([.text("sgd"), .text("1"), .whole(1), .number(0.5), .truth(true), .nothing]),
        .numeric(.real(0.0001...1, isLogarithmic: true)), .numeric(.real(0...1, step: 0.25)),
        .numeric(.whole(1...9, step: 2)), .numeric(.whole(1...1024, isLogarithmic: true)),
        .numeric(.real(0.5...0.9)),
      ])
    #expect(parameters[1].gridCount == 5 && parameters[2].gridCount == nil)
    #expect(
      parameters[5].conditions
        == [Parameter.Condition(parameter: "optimizer.name", choices: [0, 2])])
  }

  @Test("what is written back is read as the same")
  func roundTrip() throws {
    let table = try read(Self.all)
    _ = try folder.write(
      "stage: teacher\nconfig: c.yaml\nobjective: {metric: loss}\nparameters: \(table.yaml)\n",
      to: "again.yaml")
    let again = try ConfigurationReader<SweepConfiguration>.load(
      file: "\(folder.path)/again.yaml", overrides: []
    ).values.parameters
    #expect(again == table, "\(table.yaml)")
  }

  @Test("values become words that a configuration reads as they were written")
  func words() throws {
    let space = try read(Self.all).space
    #expect(
      space.overrides(["optimizer.name": 1, "rate": 0.25, "count": 7])
        == ["optimizer.name=\"1\"", "rate=0.25", "count=7"])
    #expect(space.overrides(["optimizer.name": 5]) == ["optimizer.name=null"])
  }

  private static let mistakes: [(String, String)] = [
    ("a: 5", "a (line 5): expected {values: …} or {min: …, max: …}"),
    ("a: {min: 1}", "expected {values: …} or {min: …, max: …}"),
    ("a: {values: [1], min: 1, max: 2}", "expected {values: …} or {min: …, max: …}"),
    ("a: {values: []}", "values must be a list"),
    ("a: {values: [[1]]}", "values must be texts, numbers, true, false or null"),
    ("a: {values: [1, 1]}", "one of the values is there twice"),
    ("a: {values: [1], log: true}", "log goes with min and max"),
    ("a: {min: 2, max: 1}", "min must be less than max"),
    ("a: {min: 0.0, max: 1.0, log: true}", "log needs a min above 0"),
    ("a: {min: 1, max: 9, log: true, step: 2}", "log and step exclude each other"),
    ("a: {min: 1, max: 9, step: 10}", "step must be above 0 and at most max - min"),
    ("a: {min: 1, max: 9, step: 0.5}", "step must be a whole number"),
    ("a: {min: x, max: 9}", "min must be a number"),
    ("a: {min: 1, max: 9, grid: 0}", "grid must be at least 1"),
    ("a: {min: 1, max: 9, stepp: 1}", "unknown 'stepp'; there are values, min"),
    ("a: {min: 1, max: 9, when: {b: 1}}", "when: 'b' is no earlier parameter with values"),
    (
      "b: {values: [x, y]}\na: {min: 1, max: 9, when: {b: z}}",
      "a (line 6): when: b has the values \"x\", \"y\""
    ),
  ]

  @Test("what makes no sense is refused with its name and line", arguments: mistakes)
  func refused(lines: String, words: String) throws {
    do {
      _ = try read(lines)
      Issue.record("\(lines) was read")
    } catch TrainerError.configuration(let mistakes) {
      #expect(mistakes.count == 1 && mistakes[0].key == "parameters")
      #expect(mistakes[0].problem.contains(words), "\(mistakes[0].problem)")
    }
  }
}
