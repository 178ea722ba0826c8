import Foundation
import Testing

@testable import Trainer

/// What `generate_evaluation.py metrics` wrote.
struct MetricsGolden: Decodable {
  struct Intervals: Decodable {
    var classified: [[Double]]
    var valence: [[Double]]
    var triplets: [[Double]]
  }

  var labels: [Int]
  var logits: [Float]
  var ece: Double
  var mce: Double
  var eceOf10Bins: Double
  var nll: Double
  var recall: [Double]
  var accuracy: Double
  var accuracy7: Double
  var uar: Double
  var pairs: [Float]
  var ccc: Double
  var rmse: Double
  var hits: [Bool]
  var replicates: Int
  var firstDraws: [Int]
  var intervals: Intervals

  static func read() throws -> MetricsGolden {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(MetricsGolden.self, from: golden("metrics.json"))
  }

  var samples: ClassifiedSamples {
    var samples = ClassifiedSamples(classes: 8)
    for (index, label) in labels.enumerated() {
      samples.append(label: label, logits: Array(logits[(8 * index)..<(8 * index + 8)]))
    }
    return samples
  }
}

@Suite("Calibration")
struct CalibrationTests {
  @Test("calibration errors are torchmetrics', the likelihood is PyTorch's")
  func published() throws {
    let golden = try MetricsGolden.read()
    let calibration = Calibration(golden.samples)
    #expect(calibration.bins.count == 15 && calibration.total == golden.labels.count)
    // torchmetrics adds up in float32.
    #expect(abs(calibration.expectedError - golden.ece) < 1e-6)
    #expect(abs(calibration.maximumError - golden.mce) < 1e-6)
    #expect(abs(calibration.negativeLogLikelihood - golden.nll) < 1e-12)
    let coarse = Calibration(golden.samples, bins: 10)
    #expect(abs(coarse.expectedError - golden.eceOf10Bins) < 1e-6)
  }

  @Test("accuracies and recalls are scikit-learn's")
  func recalls() throws {
    let golden = try MetricsGolden.read()
    let samples = golden.samples
    let labels = PredictedLabels(
      classes: 8, labels: golden.labels,
      predictions: golden.labels.indices.map { samples.prediction(of: $0) })
    for (label, recall) in golden.recall.enumerated() {
      #expect(abs((labels.confusion.recall(of: label) ?? -1) - recall) < 1e-12)
    }
    #expect(abs(labels.confusion.accuracy - golden.accuracy) < 1e-12)
    #expect(abs(labels.confusion.meanRecall - golden.uar) < 1e-12)
  }

  @Test("a confidence on a bin's edge belongs below it, as published")
  func edges() {
    var samples = ClassifiedSamples(classes: 2)
    samples.append(label: 0, logits: [0, 0])
    samples.append(label: 1, logits: [40, 0])
    let calibration = Calibration(samples, bins: 2)
    #expect(calibration.bins.map(\.count) == [1, 1])
    #expect(calibration.bins[0].correct == 1 && calibration.bins[1].correct == 0)
    #expect(calibration.maximumError == 1 && calibration.expectedError == 0.75)
  }

  @Test("what has no class does not count")
  func masked() {
    var samples = ClassifiedSamples(classes: 2)
    #expect(Calibration(samples).expectedError == 0)
    #expect(Calibration(samples).negativeLogLikelihood.isNaN)
    samples.append(label: -1, logits: [.nan, .nan])
    samples.append(label: 1, logits: [0, 0])
    #expect(Calibration(samples).total == 1)
    #expect(ClassifiedSamples(classes: 2, rows: [-1, 3, 4, 1, 0, 0]).labels == [-1, 1])
  }

  @Test("a network that gives no numbers is put into a bin, instead of ending the run")
  func notFinite() {
    var samples = ClassifiedSamples(classes: 2)
    samples.append(label: 0, logits: [.nan, .nan])
    samples.append(label: 1, logits: [0, 9])
    let calibration = Calibration(samples)
    #expect(calibration.total == 2 && calibration.bins[0].count == 1)
    #expect(calibration.expectedError.isNaN)
  }
}
