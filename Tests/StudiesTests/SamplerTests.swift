import CounterRandom
import Foundation
import Testing

@testable import Studies

@Suite("Samplers")
struct SamplerTests {
  private static let space = SearchSpace([
    Parameter(name: "name", domain: .choice([.text("sgd"), .text("adamw")])),
    Parameter(
      name: "momentum", domain: .numeric(.real(0...0.9, step: 0.45)),
      conditions: [.init(parameter: "name", choices: [0])]),
    Parameter(name: "rate", domain: .numeric(.real(1e-4...1, isLogarithmic: true)), gridCount: 3),
  ])

  @Test("Sobol's points are SciPy's")
  func sobol() throws {
    let space = SearchSpace(
      (0..<40).map { Parameter(name: "\($0)", domain: .numeric(.real(0...1))) })
    let sampler = SobolSampler(space, seed: nil)
    for (number, wanted) in try StudyGoldens.load().sobol.enumerated() {
      let point = sampler.point(number)
      #expect([0, 1, 2, 7, 20, 39].map { point[$0] } == wanted, "point \(number)")
    }
  }

  @Test(
    "shifted, they stay even: each 64th of each dimension has one of 64 points", arguments: 1...5)
  func shifts(seed: UInt64) {
    let sampler = SobolSampler(Self.space, seed: seed)
    let points = (0..<64).map(sampler.point)
    for dimension in 0..<3 {
      #expect(Set(points.map { Int($0[dimension] * 64) }).count == 64)
    }
    #expect(points[0] != SobolSampler(Self.space, seed: seed + 1).point(0))
  }

  @Test("the density of observations is Optuna's, in every kind of domain")
  func parzen() throws {
    for golden in try StudyGoldens.load().parzen {
      let domain = try #require(StudyGoldens.domains[golden.domain])
      let estimator = ParzenEstimator([domain], golden.seen.map { [$0] })
      // Optuna's is by position where it has no steps.
      for (value, wanted) in zip(golden.asked, golden.logDensity) {
        let found = estimator.logDensity(at: [value])
        let shift = golden.domain == "logarithmic" ? log(value) : 0
        let told = "\(golden.domain), \(golden.seen.count) seen, at \(value): \(found), \(wanted)"
        #expect(min(abs(found - wanted), abs(found - shift - wanted)) < 1e-9, "\(told)")
      }
    }
  }

  @Test("the density of several parameters together is Optuna's")
  func joint() throws {
    let goldens = try StudyGoldens.load().joint
    let domains = try goldens.domains.map { try #require(StudyGoldens.domains[$0]) }
    let estimator = ParzenEstimator(domains, goldens.seen)
    let logarithmic = try #require(goldens.domains.firstIndex(of: "logarithmic"))
    for (values, wanted) in zip(goldens.asked, goldens.logDensity) {
      let found = estimator.logDensity(at: values)
      let shift = log(values[logarithmic])
      #expect(
        min(abs(found - wanted), abs(found - shift - wanted)) < 1e-9,
        "\(values): \(found), \(wanted)")
    }
  }

  @Test("samples have the density that is told")
  func samples() {
    let domain = ParameterDomain.numeric(.whole(1...9, step: 2))
    let estimator = ParzenEstimator([domain], [[3], [3], [9]])
    var random = CounterRandom(seed: 4, purpose: .searchCandidate)
    let count = 20_000
    var found: [Double: Double] = [:]
    for _ in 0..<count { found[estimator.sample(by: &random)[0], default: 0] += 1 / Double(count) }
    for value in stride(from: 1.0, through: 9, by: 2) {
      #expect(abs(found[value, default: 0] - exp(estimator.logDensity(at: [value]))) < 0.015)
    }
  }

  @Test("a grid has every combination once, and none of what has no value")
  func grid() throws {
    let sampler = try #require(GridSampler(Self.space))
    #expect(sampler.count == 3 * 3 + 3)
    let all = (0..<12).compactMap { sampler.assignment(forTrial: $0, after: []) }
    #expect(Set(all).count == 12 && sampler.assignment(forTrial: 12, after: []) == nil)
    #expect(all.allSatisfy { ($0["momentum"] != nil) == ($0["name"] == 0) })
    #expect(
      Set(all.compactMap { $0["rate"].map { ($0 * 1e9).rounded() / 1e9 } }) == [1e-4, 1e-2, 1])
    let open = SearchSpace([Parameter(name: "rate", domain: .numeric(.real(0...1)))])
    #expect(GridSampler(open) == nil)
  }

  @Test("values are in their domains and functions of seed and number", arguments: 0..<40)
  func random(number: Int) throws {
    let sampler = RandomSampler(Self.space, seed: 3)
    let found = try #require(sampler.assignment(forTrial: number, after: []))
    #expect(found == sampler.assignment(forTrial: number, after: []))
    #expect(found != RandomSampler(Self.space, seed: 4).assignment(forTrial: number, after: []))
    #expect((found["momentum"] != nil) == (found["name"] == 0))
    #expect([0, 0.45, 0.9].contains(found["momentum"] ?? 0))
    #expect((1e-4...1).contains(found["rate"] ?? 0))
  }

  @Test("TPE goes where the best were, and does the same again")
  func treeParzen() throws {
    let space = SearchSpace([
      Parameter(name: "x", domain: .numeric(.real(-10...10))),
      Parameter(name: "kind", domain: .choice([.whole(0), .whole(1), .whole(2)])),
    ])
    let sampler = TreeParzenSampler(space, direction: .minimize, seed: 5)
    var history: [Trial] = []
    for number in 0..<60 {
      let chosen = try #require(sampler.assignment(forTrial: number, after: history))
      #expect(chosen == sampler.assignment(forTrial: number, after: history))
      let (x, kind) = (chosen["x"] ?? 0, chosen["kind"] ?? 0)
      history.append(
        Trial(
          number: number, state: .complete, assignment: chosen,
          objective: (x - 3) * (x - 3) + 5 * abs(kind - 2)))
    }
    // By chance a third of the kinds, and less of the places.
    let late = history.suffix(20)
    #expect(late.filter { $0.assignment["kind"] == 2 }.count >= 11)
    #expect(history.compactMap(\.objective).min() ?? 1 < 0.05)
    #expect(late.filter { abs(($0.assignment["x"] ?? 0) - 3) < 3 }.count >= 12)
  }
}
