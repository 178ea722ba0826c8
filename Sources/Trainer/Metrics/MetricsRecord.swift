import Foundation

/// A value of a metrics line.
enum MetricValue: Equatable, Sendable {
  case integer(Int)
  case number(Double)
  case text(String)

  /// The value as JSON; what is not finite, which JSON does not have, becomes null.
  var json: String {
    switch self {
    case .integer(let value): "\(value)"
    case .number(let value): value.isFinite ? Self.plain(value) : "null"
    case .text(let value): Self.quoted(value)
    }
  }

  /// The value as a number, where it is one.
  var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    case .text: nil
    }
  }

  /// Six significant digits: more are noise, and files stay readable.
  private static func plain(_ value: Double) -> String {
    String(format: "%.6g", locale: Locale(identifier: "en_US_POSIX"), value)
  }

  private static func quoted(_ text: String) -> String {
    let escaped = text.replacingOccurrences(of: "\\", with: "\\\\")
      .replacingOccurrences(of: "\"", with: "\\\"").replacingOccurrences(of: "\n", with: "\\n")
    return "\"\(escaped)\""
  }
}

/// One line of `metrics.jsonl`.
struct MetricsRecord: Equatable, Sendable {
  /// Which samples the numbers are about.
  enum Split: String, Decodable, Sendable {
    case training
    case validation
  }

  /// Updates that were made.
  var step: Int
  /// Passes over the training set, as a fraction.
  var epoch: Double
  /// Which samples the numbers are about.
  var split: Split
  /// The numbers, in the order of writing.
  var values: [(name: String, value: MetricValue)]

  /// The record as one line of JSON, without a line break.
  var line: String {
    let members =
      [("step", .integer(step)), ("epoch", .number(epoch)), ("split", .text(split.rawValue))]
      + values
    return "{" + members.map { "\"\($0.0)\":\($0.1.json)" }.joined(separator: ",") + "}"
  }

  static func == (left: MetricsRecord, right: MetricsRecord) -> Bool { left.line == right.line }
}
