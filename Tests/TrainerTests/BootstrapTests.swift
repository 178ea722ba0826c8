import CounterRandom
import Foundation
import Testing

@testable import Trainer

@Suite("Bootstrap intervals")
struct BootstrapTests {
  @Test("quantiles are NumPy's")
  func quantiles() {
    let values = [1.0, 2, 4, 8]
    #expect(Bootstrap.quantile(0, of: values) == 1)
    #expect(Bootstrap.quantile(1, of: values) == 8)
    #expect(abs(Bootstrap.quantile(0.5, of: values) - 3) < 1e-15)
    #expect(abs(Bootstrap.quantile(0.025, of: values) - 1.075) < 1e-15)
    #expect(Bootstrap.quantile(0.5, of: [7]) == 7)
  }

  @Test("samples are drawn with replacement as the key says")
  func drawn() throws {
    let golden = try MetricsGolden.read()
    var draws: [[Int]] = []
    _ = Bootstrap(replicates: 2).intervals(
      of: ["count"], .classified, over: .samples(golden.labels.count)
    ) {
      draws.append($0)
      return [0]
    }
    #expect(Array(draws[0].prefix(10)) == golden.firstDraws)
    #expect(draws[0] != draws[1] && Set(draws[0]).count < draws[0].count)
  }

  @Test("intervals are those of scikit-learn's numbers over the same replicates")
  func published() throws {
    let golden = try MetricsGolden.read()
    let samples = golden.samples
    let bootstrap = Bootstrap(replicates: golden.replicates)
    let names = (0..<8).map { "\($0)" }
    let classes = samples.intervals(classNames: names, bootstrap)
    let expected = ["accuracy", "uar", "accuracy_7"] + names.prefix(4).map { "recall_\($0)" }
    try #require(golden.intervals.classified.count == expected.count)
    for (name, ends) in zip(expected, golden.intervals.classified) {
      try compare(classes[name], ends)
    }
    #expect(Set(classes.keys) == Set(expected), "classes of less than ten samples have none")
    let pairs = stride(from: 0, to: golden.pairs.count, by: 2).map {
      (prediction: golden.pairs[$0], truth: golden.pairs[$0 + 1])
    }
    let affect = DimensionScore.intervals(pairs, .valence, name: "valence", bootstrap)
    for (name, ends) in zip(["valence_ccc", "valence_rmse"], golden.intervals.valence) {
      try compare(affect[name], ends)
    }
    let score = DimensionScore(pairs)
    #expect(abs(score.concordance - golden.ccc) < 1e-7)
    #expect(abs(score.rootMeanSquaredError - golden.rmse) < 1e-7)
    let triplets = TripletReport(hits: golden.hits)
    try compare(triplets.intervals(bootstrap)["triplet_accuracy"], golden.intervals.triplets[0])
  }

  private func compare(_ interval: ConfidenceInterval?, _ ends: [Double]) throws {
    let interval = try #require(interval)
    #expect(abs(interval.low - ends[0]) < 1e-6 && abs(interval.high - ends[1]) < 1e-6)
  }

  @Test("a number that a replicate does not have has no interval, and nothing has none")
  func undefined() {
    let flat = (0..<4).map { _ in (prediction: Float(0), truth: Float(0)) }
    let intervals = DimensionScore.intervals(flat, .valence, name: "flat", Bootstrap())
    #expect(intervals["flat_ccc"] == nil)
    #expect(intervals["flat_rmse"] == ConfidenceInterval(low: 0, high: 0))
    let none = PredictedLabels(classes: 2)
    #expect(none.intervals(classNames: ["a", "b"], .probe, Bootstrap()).isEmpty)
    let one = PredictedLabels(classes: 2, labels: [1], predictions: [1])
    #expect(one.intervals(classNames: ["a", "b"], .probe, Bootstrap(replicates: 0)).isEmpty)
    let found = one.intervals(classNames: ["a", "b"], .probe, Bootstrap())
    #expect(found["uar"] == ConfidenceInterval(low: 1, high: 1) && found["recall_b"] == nil)
  }

  @Test("a replicate without a class has no recall of it, and the others tell the interval")
  func classesNotDrawn() throws {
    // Ten samples of one group are drawn together or not at all.
    let labels = [Int](repeating: 0, count: 10) + [Int](repeating: 1, count: 10)
    let samples = PredictedLabels(
      classes: 2, labels: labels, predictions: labels.indices.map { $0 < 4 ? 1 : 0 })
    let found = samples.intervals(
      classNames: ["a", "b"], .classified, Bootstrap(replicates: 50),
      over: .groups([Array(0..<10), Array(10..<20)]))
    #expect(found["recall_a"] == ConfidenceInterval(low: 0.6, high: 0.6))
    #expect(found["recall_b"] == ConfidenceInterval(low: 0, high: 0))
    #expect(found["accuracy"] == ConfidenceInterval(low: 0, high: 0.6))
  }

  @Test("groups are drawn whole, and one alone is not drawn at all")
  func groups() {
    let units = Bootstrap.Units.groups(named: ["b", "a", "b", "c"])
    #expect(units == .groups([[0, 2], [1], [3]]))
    #expect(units.samples(of: [2, 0, 0]) == [3, 0, 2, 0, 2])
    #expect(Bootstrap.Units.groups(named: ["a", "a"]).count == 0)
    var drawn: [[Int]] = []
    _ = Bootstrap(replicates: 3).intervals(of: ["x"], .classified, over: units) {
      drawn.append($0)
      return [1]
    }
    #expect(drawn.allSatisfy { $0.count { $0 == 0 } == $0.count { $0 == 2 } })
  }

  @Test("an interval is two numbers in JSON")
  func json() throws {
    let data = try JSONEncoder().encode(["accuracy": ConfidenceInterval(low: 0.25, high: 0.5)])
    #expect(String(decoding: data, as: UTF8.self) == #"{"accuracy":[0.25,0.5]}"#)
  }
}
