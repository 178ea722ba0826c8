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
      of: ["count"], .classified, count: golden.labels.count
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
    let classes = samples.intervals(withoutLast: true, bootstrap)
    for (name, ends) in zip(["accuracy", "uar", "accuracy_7"], golden.intervals.classified) {
      try compare(classes[name], ends)
    }
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
    #expect(none.intervals(.probe, Bootstrap()).isEmpty)
    let one = PredictedLabels(classes: 2, labels: [1], predictions: [1])
    #expect(one.intervals(.probe, Bootstrap(replicates: 0)).isEmpty)
    #expect(one.intervals(.probe, Bootstrap())["uar"] == ConfidenceInterval(low: 1, high: 1))
  }

  @Test("an interval is two numbers in JSON")
  func json() throws {
    let data = try JSONEncoder().encode(["accuracy": ConfidenceInterval(low: 0.25, high: 0.5)])
    #expect(String(decoding: data, as: UTF8.self) == #"{"accuracy":[0.25,0.5]}"#)
  }
}
