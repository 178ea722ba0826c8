import Foundation
import Testing

@testable import Trainer

@Suite("Probes of frozen features")
struct ProbeTests {
  /// What `generate_evaluation.py probe` wrote.
  private struct Golden: Decodable {
    struct Fit: Decodable {
      var penalty: Double
      var loss: Double
      var probabilities: [Double]
      var predictions: [Int]
    }

    var length: Int
    var classes: Int
    var labels: [Int]
    var values: [Float]
    var testLabels: [Int]
    var testValues: [Float]
    var scaled: [Double]
    var fits: [Fit]
    var votes: [String: [Int]]

    var training: FeatureSet { FeatureSet(length: length, values: values, labels: labels) }
    var test: FeatureSet { FeatureSet(length: length, values: testValues, labels: testLabels) }
  }

  private let golden: Golden

  init() throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    golden = try decoder.decode(Golden.self, from: Self.data("probe.json"))
  }

  /// `golden` is a property here.
  private static func data(_ name: String) throws -> Data { try TrainerTests.golden(name) }

  @Test("features are scaled as scikit-learn's StandardScaler does")
  func scaling() {
    let scaled = FeatureScaling(of: golden.training).scaled(golden.training)
    for (own, theirs) in zip(scaled.values, golden.scaled) {
      #expect(abs(Double(own) - theirs) < 1e-5)
    }
    #expect(scaled.values.count == golden.scaled.count)
  }

  @Test("the linear classifier is scikit-learn's")
  func logistic() {
    let scaling = FeatureScaling(of: golden.training)
    let (training, test) = (scaling.scaled(golden.training), scaling.scaled(golden.test))
    for fit in golden.fits {
      let classifier = LogisticRegression(
        fitting: training, classes: golden.classes, penalty: fit.penalty)
      #expect(abs(classifier.loss - fit.loss) < 1e-6)
      #expect(classifier.predictions(of: test) == fit.predictions)
      let logits = classifier.logits(of: test)
      #expect(logits.count == fit.probabilities.count)
      for sample in 0..<test.count {
        let row = logits[(sample * golden.classes)..<((sample + 1) * golden.classes)]
        let sum = row.reduce(0) { $0 + exp($1) }
        for (index, logit) in row.enumerated() {
          let theirs = fit.probabilities[sample * golden.classes + index]
          #expect(abs(exp(logit) / sum - theirs) < 1e-4)
        }
      }
    }
  }

  @Test("neighbours vote as scikit-learn's KNeighborsClassifier with the cosine metric")
  func neighbors() {
    let classifier = NearestNeighbors(golden.training, classes: golden.classes)
    let queries = FeatureDirections(of: golden.test)
    for (k, theirs) in golden.votes {
      let own = (0..<queries.count).map { query in
        classifier.vote(
          classifier.nearestLabels(to: query, of: queries, count: 10), k: Int(k) ?? 0)
      }
      #expect(own == theirs, "k = \(k)")
    }
  }

  @Test("of equally near samples the first is nearer, and zeros point nowhere")
  func ties() {
    let set = FeatureSet(length: 2, values: [1, 0, 2, 0, 0, 0, 0, 1], labels: [2, 1, 0, 3])
    let classifier = NearestNeighbors(set, classes: 4)
    let queries = FeatureDirections(of: FeatureSet(length: 2, values: [3, 0], labels: [0]))
    #expect(classifier.nearestLabels(to: 0, of: queries, count: 9) == [2, 1, 0, 3])
    #expect(classifier.nearestLabels(to: 0, of: queries, count: 1) == [2])
    #expect(classifier.vote([3, 3, 1, 1], k: 4) == 1)
    #expect(classifier.vote([3, 1, 1], k: 1) == 3)
  }

  @Test("every fifth sample of each class is held out")
  func heldOut() {
    let labels = (0..<12).map { $0 % 2 }
    let set = FeatureSet(length: 1, values: (0..<12).map(Float.init), labels: labels)
    let (kept, heldOut) = set.holdingOut()
    #expect(heldOut.values == [8, 9] && heldOut.labels == [0, 1])
    #expect(kept.count == 10 && !kept.values.contains(8))
  }

  @Test("the minimum of a badly scaled function is found, and NaN ends the search")
  func minimization() {
    let scales = [1.0, 100, 1e4]
    let found = LimitedMemoryBFGS(tolerance: 1e-9).minimum(from: [3, -2, 1]) { place, gradient in
      var value = 0.0
      for index in scales.indices {
        let distance = place[index] - Double(index)
        gradient[index] = scales[index] * distance
        value += scales[index] * distance * distance / 2
      }
      return value
    }
    for index in scales.indices { #expect(abs(found.place[index] - Double(index)) < 1e-6) }
    let lost = LimitedMemoryBFGS(tolerance: 1e-9).minimum(from: [1]) { _, gradient in
      gradient[0] = .nan
      return .nan
    }
    #expect(lost.place == [1])
  }
}
