import Datasets
import Foundation

/// What a frozen backbone's features are worth on RAF-DB, the same for any number of ranks.
struct ProbeReport: MeasuredReport {
  /// Numbers of a sample.
  let features: Int
  /// Images of the training part.
  let training: Int
  /// Of the linear classifier; its setting is the penalty.
  let linear: FeatureProbe.Outcome
  /// Of the nearest samples' vote; its setting is the number of votes.
  let nearest: FeatureProbe.Outcome
  let problems: [SampleProblem]
  /// How far other test images' numbers could be; empty where nobody asked.
  private(set) var linearIntervals = BootstrapIntervals()
  private(set) var nearestIntervals = BootstrapIntervals()

  /// Features that are not finite were refused before anything learned from them.
  var isFinite: Bool { true }

  mutating func addIntervals(_ bootstrap: Bootstrap) {
    func intervals(
      of outcome: FeatureProbe.Outcome, _ population: Bootstrap.Population
    ) -> BootstrapIntervals {
      BootstrapIntervals(
        bootstrap,
        outcome.predictions.intervals(classNames: Self.classNames, population, bootstrap),
        order: PredictedLabels.names(classes: Self.classNames))
    }
    linearIntervals = intervals(of: linear, .probe)
    nearestIntervals = intervals(of: nearest, .neighbours)
  }

  var text: String {
    let left = problems.isEmpty ? "" : " (\(problems.count) unreadable left out)"
    let votes = Int(nearest.setting)
    return """
      RAF-DB    \(training) training and \(linear.predictions.count) test images\(left), \
      \(features) features

      linear probe, penalty \(linear.setting) (\(percent(linear.heldOutAccuracy)) held out)
      \(table(linear, linearIntervals))

      \(votes) nearest neighbour\(votes == 1 ? "" : "s") by cosine \
      (\(percent(nearest.heldOutAccuracy)) held out)
      \(table(nearest, nearestIntervals))
      """
  }

  private func table(_ outcome: FeatureProbe.Outcome, _ intervals: BootstrapIntervals) -> String {
    let confusion = outcome.predictions.confusion
    let names = Self.classNames
    let recalls = names.indices.map { label in
      "  \(names[label].padding(toLength: 10, withPad: " ", startingAt: 0))"
        + (confusion.recall(of: label).map(percent) ?? "-")
    }
    return """
        accuracy  \(percent(confusion.accuracy))
        UAR       \(percent(confusion.meanRecall)) mean recall
      \(recalls.joined(separator: "\n"))
      """ + (intervals.text.map { "\n\($0)" } ?? "")
  }

  private func percent(_ value: Double) -> String { String(format: "%.1f %%", 100 * value) }

  private static var classNames: [String] {
    Expression.allCases.prefix(ClassificationTally.classesWithoutContempt).map { "\($0)" }
  }

  // MARK: - JSON

  func json() throws -> String {
    try json(of: Content(self))
  }

  private struct Content: Encodable {
    var training: Int
    var test: Int
    var unreadable: Int
    var features: Int
    var classes: [String]
    var linear: Part
    var nearest: Part

    init(_ report: ProbeReport) {
      training = report.training
      test = report.linear.predictions.count
      unreadable = report.problems.count
      features = report.features
      classes = ProbeReport.classNames
      linear = Part(report.linear, report.linearIntervals, isLinear: true)
      nearest = Part(report.nearest, report.nearestIntervals, isLinear: false)
    }
  }

  // The names are those of the JSON object.
  // swift-format-ignore: AlwaysUseLowerCamelCase
  private struct Part: Encodable {
    var penalty: Double?
    var neighbours: Int?
    var held_out_accuracy: Double
    var accuracy: Double
    var uar: Double
    var recall: [Double?]
    var confusion: [[Int]]
    var bootstrap: BootstrapIntervals?

    init(_ outcome: FeatureProbe.Outcome, _ intervals: BootstrapIntervals, isLinear: Bool) {
      let matrix = outcome.predictions.confusion
      penalty = isLinear ? outcome.setting : nil
      neighbours = isLinear ? nil : Int(outcome.setting)
      held_out_accuracy = outcome.heldOutAccuracy
      accuracy = matrix.accuracy
      uar = matrix.meanRecall
      recall = (0..<matrix.classes).map(matrix.recall)
      confusion = (0..<matrix.classes).map { row in (0..<matrix.classes).map { matrix[row, $0] } }
      bootstrap = intervals.all.isEmpty ? nil : intervals
    }
  }
}
