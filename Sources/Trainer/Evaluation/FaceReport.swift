import Datasets
import Foundation
import Nets

/// What an evaluation of a face network found, the same for any number of ranks.
public struct FaceReport: RunReport {
  /// Of the classes.
  var classes: ClassificationReport
  /// Of valence and arousal; nil without that head.
  var affect: AffectReport?
  /// Of the embedding; nil without that head.
  var triplets: TripletReport?
  /// What was wrong with samples that are not in the numbers.
  public var problems: [SampleProblem]

  init(
    classes: ClassificationReport, affect: AffectReport? = nil, triplets: TripletReport? = nil,
    problems: [SampleProblem]
  ) {
    self.classes = classes
    self.affect = affect
    self.triplets = triplets
    self.problems = problems
  }

  /// The numbers that models of a network's heads can be compared by.
  static func metrics(of network: FaceNetwork) -> [EvaluationMetric] {
    ClassificationReport.metrics + (network.hasAffect ? AffectReport.metrics : [])
      + (network.embedding == nil ? [] : TripletReport.metrics)
  }

  /// The numbers for `metrics.jsonl`.
  var values: [(name: String, value: MetricValue)] {
    classes.values + (affect?.values ?? []) + (triplets?.values ?? [])
      + [("skipped", .integer(problems.count))]
  }

  /// One line for the terminal.
  var summary: String {
    [classes.summary, affect?.summary, triplets?.summary].compactMap { $0 }.joined(separator: ", ")
  }

  /// The report as tables for people.
  public var text: String {
    ([classes.text(unreadable: problems.count)] + [affect?.text, triplets?.text].compactMap { $0 })
      .joined(separator: "\n\n")
  }

  /// The report as one JSON object.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return String(decoding: try encoder.encode(Content(self)), as: UTF8.self)
  }

  // The names are those of the JSON object.
  // swift-format-ignore: AlwaysUseLowerCamelCase
  private struct Content: Encodable {
    var samples: Int
    var unreadable: Int
    var loss: Double?
    var accuracy: Double
    var accuracy_7: Double
    var uar: Double
    var recall: [String: Double?]
    var classes: [String]
    var confusion: [[Int]]
    var valence: [String: Double?]?
    var arousal: [String: Double?]?
    var triplets: TripletReport?

    init(_ report: FaceReport) {
      let found = report.classes
      let labels = Expression.allCases.map { "\($0)" }
      samples = found.confusion.total
      unreadable = report.problems.count
      loss = found.loss.isFinite ? found.loss : nil
      accuracy = found.accuracy
      accuracy_7 = found.accuracy7
      uar = found.confusion.meanRecall
      recall = Dictionary(
        uniqueKeysWithValues: labels.indices.map { (labels[$0], found.confusion.recall(of: $0)) })
      classes = labels
      confusion = labels.indices.map { row in labels.indices.map { found.confusion[row, $0] } }
      valence = report.affect?.valence.numbers
      arousal = report.affect?.arousal.numbers
      triplets = report.triplets
    }
  }
}

/// How well valence and arousal are predicted.
struct AffectReport: Sendable, Equatable {
  let valence: DimensionScore
  let arousal: DimensionScore

  /// - Parameter numbers: predicted and true valence, predicted and true arousal of each sample.
  init(_ numbers: [Float]) {
    func score(_ first: Int) -> DimensionScore {
      DimensionScore(
        stride(from: first, to: numbers.count, by: 4).lazy
          .map { (prediction: numbers[$0], truth: numbers[$0 + 1]) }
          .filter { !$0.truth.isNaN })
    }
    valence = score(0)
    arousal = score(2)
  }

  static var metrics: [EvaluationMetric] {
    ["valence", "arousal"].flatMap { name in
      [
        EvaluationMetric("\(name)_ccc", better: .larger),
        EvaluationMetric("\(name)_rmse", better: .smaller),
      ]
    }
  }

  var values: [(name: String, value: MetricValue)] {
    [("valence", valence), ("arousal", arousal)].flatMap { name, score in
      [
        ("\(name)_ccc", .number(score.concordance)),
        ("\(name)_rmse", .number(score.rootMeanSquaredError)),
      ]
    }
  }

  var summary: String {
    String(format: "CCC %.4f and %.4f", valence.concordance, arousal.concordance)
  }

  var text: String {
    let rows = [("valence", valence), ("arousal", arousal)].map { name, score in
      name.padding(toLength: 10, withPad: " ", startingAt: 0)
        + String(
          format: "%8d%9.4f%9.4f%9.4f%9.4f", score.samples, score.concordance,
          score.rootMeanSquaredError, score.correlation, score.signAgreement)
    }
    return "dimension  samples      CCC     RMSE  Pearson     SAGR\n" + rows.joined(separator: "\n")
  }
}

/// How often an embedding finds the two of three faces that people find alike.
struct TripletReport: Sendable, Equatable, Encodable {
  /// Triplets whose faces could all be read.
  let samples: Int
  /// The part of them whose odd one is the farthest from both others.
  let accuracy: Double

  /// - Parameters:
  ///   - embeddings: `[faces, length]`, not a number for faces that could not be read; padding may follow.
  ///   - length: of an embedding.
  /// - Source: R. Vemulapalli and A. Agarwala, "A compact embedding for facial expression similarity",
  ///   CVPR 2019.
  init(_ triplets: [Triplet], embeddings: [Float], length: Int) {
    func distance(_ first: Int32, _ second: Int32) -> Double {
      (0..<length).reduce(0) { sum, index in
        let difference =
          Double(embeddings[Int(first) * length + index])
          - Double(embeddings[Int(second) * length + index])
        return sum + difference * difference
      }
    }
    var (counted, right) = (0, 0)
    for triplet in triplets {
      let faces = triplet.facesOddLast
      let alike = distance(faces.x, faces.y)
      let others = [distance(faces.x, faces.z), distance(faces.y, faces.z)]
      guard (alike + others[0] + others[1]).isFinite else { continue }
      counted += 1
      if others.allSatisfy({ alike < $0 }) { right += 1 }
    }
    samples = counted
    accuracy = counted == 0 ? 0 : Double(right) / Double(counted)
  }

  static var metrics: [EvaluationMetric] {
    [EvaluationMetric("triplet_accuracy", better: .larger)]
  }

  var values: [(name: String, value: MetricValue)] { [("triplet_accuracy", .number(accuracy))] }
  var summary: String { String(format: "triplets %.4f", accuracy) }
  var text: String {
    String(format: "triplets  %.1f %% of %d", 100 * accuracy, samples)
  }
}
