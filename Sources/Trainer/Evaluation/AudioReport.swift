import Datasets
import Foundation
import Nets

/// What an evaluation of an audio network found, the same for any number of ranks.
struct AudioReport: MeasuredReport {
  /// Of the emotions; nil without that head.
  var emotions: EmotionScore?
  /// Of valence and arousal; nil without that head.
  var affect: AffectReport?
  /// Who speaks each of the utterances in the numbers, in the order of the list.
  var speakers: [String]
  /// What the network said of each utterance of the list; nil where it could not be read.
  var means: [UtteranceMeans.Mean?] = []
  /// What was wrong with utterances that are not in the numbers.
  var problems: [SampleProblem]
  /// How far other speakers' numbers could be, by the names of the numbers; empty where nobody asked.
  private(set) var intervals = BootstrapIntervals()

  init(
    emotions: EmotionScore?, affect: AffectReport?, speakers: [String],
    means: [UtteranceMeans.Mean?] = [], problems: [SampleProblem]
  ) {
    self.emotions = emotions
    self.affect = affect
    self.speakers = speakers
    self.means = means
    self.problems = problems
  }

  /// Utterances in the numbers.
  var utterances: Int { speakers.count }

  /// The numbers that models of a network's heads can be compared by.
  static func metrics(of network: AudioNetwork) -> [EvaluationMetric] {
    (network.classes == nil ? [] : EmotionScore.metrics)
      + (network.hasAffect ? AffectReport.metrics : [])
  }

  /// Whether the numbers mean anything: what is not finite has no largest one.
  var isFinite: Bool {
    emotions?.loss.isFinite ?? affect?.valence.hasFinitePredictions ?? true
  }

  /// Finds how far other speakers' numbers could be: whole speakers are drawn, since the utterances of
  /// one resemble each other.
  mutating func addIntervals(_ bootstrap: Bootstrap) {
    let named = (emotions?.intervals(bootstrap) ?? [:])
      .merging(affect?.intervals(bootstrap, over: speakers) ?? [:]) { $1 }
    let order =
      PredictedLabels.names(classes: EmotionScore.names) + AffectReport.metrics.map(\.name)
    intervals = BootstrapIntervals(
      bootstrap, named, order: order, of: "\(Set(speakers).count) whole speakers")
  }

  /// The numbers for `metrics.jsonl`.
  var values: [(name: String, value: MetricValue)] {
    (emotions?.values ?? []) + (affect?.values ?? [])
      + [("samples", .integer(utterances)), ("skipped", .integer(problems.count))]
  }

  /// One line for the terminal.
  var summary: String {
    [emotions?.summary, affect?.summary].compactMap { $0 }.joined(separator: ", ")
  }

  var text: String {
    let left = problems.isEmpty ? "" : " (\(problems.count) unreadable left out)"
    return
      (["utterances  \(utterances)\(left)"]
      + [emotions?.text, affect?.text, intervals.text]
      .compactMap { $0 }).joined(separator: "\n\n")
  }

  func json() throws -> String {
    try json(of: Content(self))
  }

  private struct Content: Encodable {
    var samples: Int
    var unreadable: Int
    var loss: Double?
    var accuracy: Double?
    var uar: Double?
    var ece: Double?
    var mce: Double?
    var recall: [String: Double?]?
    var classes: [String]?
    var confusion: [[Int]]?
    var valence: [String: Double?]?
    var arousal: [String: Double?]?
    var bootstrap: BootstrapIntervals?

    init(_ report: AudioReport) {
      samples = report.utterances
      unreadable = report.problems.count
      valence = report.affect?.valence.numbers
      arousal = report.affect?.arousal.numbers
      bootstrap = report.intervals.all.isEmpty ? nil : report.intervals
      guard let found = report.emotions else { return }
      let names = EmotionScore.names
      loss = found.loss.isFinite ? found.loss : nil
      accuracy = found.confusion.accuracy
      uar = found.confusion.meanRecall
      ece = found.calibration.expectedError
      mce = found.calibration.maximumError
      classes = names
      recall = Dictionary(
        uniqueKeysWithValues: names.indices.map { (names[$0], found.confusion.recall(of: $0)) })
      confusion = names.indices.map { row in names.indices.map { found.confusion[row, $0] } }
    }
  }
}

/// How well emotions are recognised.
struct EmotionScore: Equatable, Sendable {
  /// An utterance whose emotion is known.
  struct Utterance {
    /// Of the classes.
    var probabilities: [Double]
    /// The true class.
    var label: Int
    var speaker: String
  }

  /// The true classes and those named, of `VocalEmotion`'s.
  let samples: PredictedLabels
  /// Who speaks each utterance.
  private let speakers: [String]
  /// How far the confidence in them can be believed.
  let calibration: Calibration
  /// How often each class was taken for each.
  let confusion: ConfusionMatrix
  /// Mean of −log p of the true class; 0 without utterances.
  var loss: Double { samples.count == 0 ? 0 : calibration.negativeLogLikelihood }

  static let names = VocalEmotion.allCases.map { "\($0)" }

  /// - Parameter utterances: in the order of the list.
  init(_ utterances: [Utterance]) {
    let predictions = utterances.map { Self.prediction(by: $0.probabilities) ?? 0 }
    samples = PredictedLabels(
      classes: Self.names.count, labels: utterances.map(\.label), predictions: predictions)
    confusion = samples.confusion
    speakers = utterances.map(\.speaker)
    calibration = Calibration(
      zip(utterances, predictions).map { utterance, prediction in
        // A probability may round to 0 where the network is sure; what is not a number stays so.
        let probability = utterance.probabilities[utterance.label]
        return Calibration.Outcome(
          confidence: utterance.probabilities[prediction],
          isRight: prediction == utterance.label,
          surprise: -log(probability < 1e-30 ? 1e-30 : probability))
      })
  }

  /// The intervals of accuracy and recalls over other speakers.
  func intervals(_ bootstrap: Bootstrap) -> [String: ConfidenceInterval] {
    samples.intervals(
      classNames: Self.names, .classified, bootstrap, over: .groups(named: speakers))
  }

  /// The first of the classes with the largest probability; nil without classes.
  static func prediction(by probabilities: [Double]) -> Int? {
    probabilities.indices.reduce(nil) { best, index in
      guard let best else { return index }
      return probabilities[index] > probabilities[best] ? index : best
    }
  }

  static var metrics: [EvaluationMetric] {
    [
      EvaluationMetric("accuracy", better: .larger), EvaluationMetric("uar", better: .larger),
      EvaluationMetric("loss", better: .smaller),
    ]
  }

  var values: [(name: String, value: MetricValue)] {
    [
      ("loss", .number(loss)), ("accuracy", .number(confusion.accuracy)),
      ("uar", .number(confusion.meanRecall)), ("ece", .number(calibration.expectedError)),
    ]
  }

  var summary: String {
    String(
      format: "loss %.4f, accuracy %.4f, UAR %.4f", loss, confusion.accuracy, confusion.meanRecall)
  }

  var text: String {
    func cell(_ text: String) -> String {
      String(repeating: " ", count: max(0, 10 - text.count)) + text
    }
    func percent(_ value: Double?) -> String {
      value.map { String(format: "%.1f %%", 100 * $0) } ?? "-"
    }
    let rows = Self.names.indices.map { label in
      cell(Self.names[label]) + cell(percent(confusion.recall(of: label)))
        + Self.names.indices.map { cell("\(confusion[label, $0])") }.joined()
    }
    return """
      loss        \(String(format: "%.4f", loss))
      accuracy    \(percent(confusion.accuracy))
      UAR         \(percent(confusion.meanRecall)) mean recall

      confusion matrix: rows are the true emotion, columns the prediction
      \(cell("emotion"))\(cell("recall"))\(Self.names.map(cell).joined())
      \(rows.joined(separator: "\n"))

      \(calibration.text)
      """
  }
}
