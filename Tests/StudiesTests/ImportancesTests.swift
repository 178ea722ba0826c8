import Foundation
import Testing

@testable import Studies

@Suite("Importances of parameters")
struct ImportancesTests {
  /// The space of the goldens: `whole` has a value where the choice is the first one.
  private static func space() throws -> SearchSpace {
    let names = ["real", "logarithmic", "stepped", "logarithmic-whole", "choice"]
    let free = try names.map { name in
      Parameter(name: name, domain: try #require(StudyGoldens.domains[name]))
    }
    let condition = Parameter.Condition(parameter: "choice", choices: [0])
    let whole = try #require(StudyGoldens.domains["whole"])
    return SearchSpace(free + [Parameter(name: "whole", domain: whole, conditions: [condition])])
  }

  @Test("they are Optuna's, in every kind of domain and under a condition")
  func goldens() throws {
    for golden in try StudyGoldens.load().importances {
      let trials = golden.trials.enumerated().map { number, trial in
        Trial(
          number: number, state: .complete, assignment: trial.assignment,
          objective: trial.objective)
      }
      let found = Importances(
        of: try Self.space(), after: trials,
        direction: golden.direction == "minimize" ? .minimize : .maximize)
      #expect(found.values.count == golden.importances.count)
      for (name, value) in found.values {
        let wanted = try #require(golden.importances[name])
        #expect(abs(value - wanted) < 1e-9, "\(name): \(value), \(wanted)")
      }
      #expect(found.values.map(\.value) == found.values.map(\.value).sorted(by: >))
    }
  }

  @Test("too few trials make all alike, failed ones count for nothing")
  func few() throws {
    let space = SearchSpace([
      Parameter(name: "a", domain: .numeric(.real(0...1))),
      Parameter(name: "b", domain: .numeric(.real(0...1))),
    ])
    let one = Trial(
      number: 0, state: .complete, assignment: ["a": 0.5, "b": 0.5], objective: 1)
    let failed = Trial(number: 1, state: .failed, assignment: ["a": 0, "b": 0])
    let found = Importances(of: space, after: [one, failed], direction: .minimize)
    #expect(found.values.map(\.value) == [0.5, 0.5])
    #expect(Importances(of: space, after: [], direction: .minimize).values.isEmpty)
  }
}
