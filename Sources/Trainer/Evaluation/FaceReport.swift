import Datasets
import Nets

/// What an evaluation of a face network found, the same for any number of ranks.
public struct FaceReport: MeasuredReport {
  /// Of the classes.
  var classes: ClassificationReport
  /// What the classifier said of each sample, in the order of the list.
  var samples: ClassifiedSamples
  /// Of valence and arousal; nil without that head.
  var affect: AffectReport?
  /// Of the embedding; nil without that head.
  var triplets: TripletReport?
  /// What was wrong with samples that are not in the numbers.
  public var problems: [SampleProblem]
  /// How far other samples' numbers could be, by the names of the numbers; empty where nobody asked.
  private(set) var intervals = BootstrapIntervals()

  init(
    classes: ClassificationReport,
    samples: ClassifiedSamples = ClassifiedSamples(classes: ClassificationTally.classes),
    affect: AffectReport? = nil, triplets: TripletReport? = nil,
    problems: [SampleProblem]
  ) {
    self.classes = classes
    self.samples = samples
    self.affect = affect
    self.triplets = triplets
    self.problems = problems
  }

  /// The numbers that models of a network's heads can be compared by.
  static func metrics(of network: FaceNetwork) -> [EvaluationMetric] {
    ClassificationReport.metrics + (network.hasAffect ? AffectReport.metrics : [])
      + (network.embedding == nil ? [] : TripletReport.metrics)
  }

  static let classNames = Expression.allCases.map { "\($0)" }

  /// Whether the numbers mean anything: outputs that are not finite have no largest one.
  var isFinite: Bool { classes.loss.isFinite }

  /// How far the classifier's confidence can be believed.
  var calibration: Calibration { Calibration(samples) }

  /// Finds how far other samples' numbers could be.
  mutating func addIntervals(_ bootstrap: Bootstrap) {
    let classNames = Self.classNames
    let named = samples.intervals(classNames: classNames, bootstrap)
      .merging(affect?.intervals(bootstrap) ?? [:]) { $1 }
      .merging(triplets?.intervals(bootstrap) ?? [:]) { $1 }
    let order =
      ["accuracy_7"] + PredictedLabels.names(classes: classNames)
      + AffectReport.metrics.map(\.name) + TripletReport.metrics.map(\.name)
    intervals = BootstrapIntervals(bootstrap, named, order: order)
  }

  /// The numbers for `metrics.jsonl`.
  var values: [(name: String, value: MetricValue)] {
    classes.values + [("ece", .number(calibration.expectedError))]
      + (affect?.values ?? []) + (triplets?.values ?? [])
      + [("skipped", .integer(problems.count))]
  }

  /// One line for the terminal.
  var summary: String {
    [classes.summary, affect?.summary, triplets?.summary].compactMap { $0 }.joined(separator: ", ")
  }

  /// The report as tables for people.
  public var text: String {
    let parts = [
      classes.text(unreadable: problems.count), calibration.text, affect?.text, triplets?.text,
      intervals.text,
    ]
    return parts.compactMap { $0 }.joined(separator: "\n\n")
  }

  /// The report as one JSON object.
  public func json() throws -> String {
    try json(of: Content(self))
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
    var ece: Double
    var mce: Double
    var recall: [String: Double?]
    var classes: [String]
    var confusion: [[Int]]
    var valence: [String: Double?]?
    var arousal: [String: Double?]?
    var triplets: TripletReport?
    var bootstrap: BootstrapIntervals?

    init(_ report: FaceReport) {
      let found = report.classes
      let labels = FaceReport.classNames
      samples = found.confusion.total
      unreadable = report.problems.count
      loss = found.loss.isFinite ? found.loss : nil
      accuracy = found.accuracy
      accuracy_7 = found.accuracy7
      uar = found.confusion.meanRecall
      ece = report.calibration.expectedError
      mce = report.calibration.maximumError
      recall = Dictionary(
        uniqueKeysWithValues: labels.indices.map { (labels[$0], found.confusion.recall(of: $0)) })
      classes = labels
      confusion = labels.indices.map { row in labels.indices.map { found.confusion[row, $0] } }
      valence = report.affect?.valence.numbers
      arousal = report.affect?.arousal.numbers
      triplets = report.triplets
      bootstrap = report.intervals.all.isEmpty ? nil : report.intervals
    }
  }
}
