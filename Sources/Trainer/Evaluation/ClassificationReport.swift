import Datasets
import Foundation

/// What an evaluation of an expression classifier found, the same for any number of ranks.
struct ClassificationReport: Sendable {
  /// AffectNet's eight classes.
  var confusion: ConfusionMatrix
  /// The seven without contempt: its samples are left out and it is never predicted.
  var confusionWithoutContempt: ConfusionMatrix
  /// Mean cross-entropy.
  var loss: Double
  /// Accuracy over eight classes.
  var accuracy: Double { confusion.accuracy }
  /// Accuracy over seven classes.
  var accuracy7: Double { confusionWithoutContempt.accuracy }

  /// The numbers that models can be compared by.
  static var metrics: [EvaluationMetric] {
    [
      EvaluationMetric("accuracy", better: .larger),
      EvaluationMetric("accuracy_7", better: .larger),
      EvaluationMetric("uar", better: .larger), EvaluationMetric("loss", better: .smaller),
    ]
  }

  /// The numbers for `metrics.jsonl`.
  var values: [(name: String, value: MetricValue)] {
    [
      ("loss", .number(loss)), ("accuracy", .number(accuracy)),
      ("accuracy_7", .number(accuracy7)), ("uar", .number(confusion.meanRecall)),
      ("samples", .integer(confusion.total)),
    ]
  }

  /// One line for the terminal.
  var summary: String {
    String(
      format: "loss %.4f, accuracy %.4f (7 classes %.4f), UAR %.4f", loss, accuracy, accuracy7,
      confusion.meanRecall)
  }

  /// The report as tables for people.
  ///
  /// - Parameter unreadable: samples that are not in the numbers.
  func text(unreadable: Int) -> String {
    let labels = Expression.allCases.map { "\($0)" }
    let width = 9
    func cell(_ text: String) -> String {
      String(repeating: " ", count: max(0, width - text.count)) + text
    }
    func percent(_ value: Double?) -> String {
      value.map { String(format: "%.1f %%", 100 * $0) } ?? "-"
    }
    let rows = labels.indices.map { label in
      cell(labels[label]) + cell(percent(confusion.recall(of: label)))
        + labels.indices.map { cell("\(confusion[label, $0])") }.joined()
    }
    return """
      samples   \(confusion.total)\(unreadable == 0 ? "" : " (\(unreadable) unreadable left out)")
      loss      \(String(format: "%.4f", loss))
      accuracy  \(percent(accuracy)) with 8 classes, \(percent(accuracy7)) with 7 (no contempt)
      UAR       \(percent(confusion.meanRecall)) mean recall with 8 classes

      confusion matrix: rows are the true class, columns the prediction
      \(cell("class"))\(cell("recall"))\(labels.map(cell).joined())
      \(rows.joined(separator: "\n"))
      """
  }
}
