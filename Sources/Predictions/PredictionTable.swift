import AverInference
import Foundation

/// How predictions are written: the names of `--format`.
public enum PredictionFormat: String, CaseIterable, Sendable {
  /// A line of names, then a line for each frame or face; what is unknown is empty.
  case csv
  /// A JSON object a line; what is unknown is null.
  case jsonl

  /// The format that a file's ending names; nil for any other.
  public init?(file: String) {
    guard let format = Self.allCases.first(where: { file.hasSuffix(".\($0.rawValue)") }) else {
      return nil
    }
    self = format
  }
}

/// Predictions as text, one line for each frame of a recording or each face of a picture.
struct PredictionTable {
  /// What a line is of.
  enum Row: String {
    case frame
    case face
  }

  let row: Row
  let classes: [String]
  /// Whether lines say where a face is.
  let hasRegions: Bool

  /// The names of the columns, where lines need them.
  func header(_ format: PredictionFormat) -> String {
    guard format == .csv else { return "" }
    let columns =
      [row.rawValue] + (row == .frame ? ["seconds"] : [])
      + (hasRegions ? ["x", "y", "width", "height"] : []) + (classes.isEmpty ? [] : ["expression"])
      + classes + ["valence", "arousal"]
    return columns.joined(separator: ",") + "\n"
  }

  /// A line, with its end.
  func line(
    _ index: Int, seconds: Double?, region: FaceRegion?, _ estimate: Estimate,
    _ format: PredictionFormat
  ) -> String {
    switch format {
    case .csv: commaSeparated(index, seconds, region, estimate)
    case .jsonl: json(index, seconds, region, estimate)
    }
  }

  private func commaSeparated(
    _ index: Int, _ seconds: Double?, _ region: FaceRegion?, _ estimate: Estimate
  ) -> String {
    var fields = ["\(index)"]
    if row == .frame { fields.append(Self.text(seconds)) }
    if hasRegions {
      fields += [region?.x, region?.y, region?.width, region?.height].map(Self.text)
    }
    if !classes.isEmpty {
      fields.append(estimate.mostProbable.map { classes[$0] } ?? "")
      fields += classes.indices.map {
        estimate.probabilities.indices.contains($0) ? Self.text(estimate.probabilities[$0]) : ""
      }
    }
    fields += [estimate.valence, estimate.arousal].map(Self.text)
    return fields.joined(separator: ",") + "\n"
  }

  private func json(
    _ index: Int, _ seconds: Double?, _ region: FaceRegion?, _ estimate: Estimate
  ) -> String {
    func value(_ number: Float?) -> String {
      let text = Self.text(number)
      return text.isEmpty ? "null" : text
    }
    var fields = ["\"\(row.rawValue)\":\(index)"]
    if row == .frame { fields.append("\"seconds\":\(seconds.map { Self.text($0) } ?? "null")") }
    if hasRegions {
      let box = region.map {
        "{\"x\":\(value($0.x)),\"y\":\(value($0.y)),\"width\":\(value($0.width)),"
          + "\"height\":\(value($0.height))}"
      }
      fields.append("\"region\":\(box ?? "null")")
    }
    if !classes.isEmpty {
      let named = zip(classes, estimate.probabilities).map { "\"\($0)\":\(value($1))" }
      fields += [
        "\"expression\":" + (estimate.mostProbable.map { "\"\(classes[$0])\"" } ?? "null"),
        "\"probabilities\":" + (named.isEmpty ? "null" : "{\(named.joined(separator: ","))}"),
      ]
    }
    fields += ["\"valence\":\(value(estimate.valence))", "\"arousal\":\(value(estimate.arousal))"]
    return "{\(fields.joined(separator: ","))}\n"
  }

  /// At most five digits behind the point; empty for what is unknown or no number.
  private static func text(_ number: Float?) -> String { text(number.map(Double.init)) }

  private static func text(_ number: Double?) -> String {
    guard let number, number.isFinite else { return "" }
    return "\((number * 1e5).rounded() / 1e5)"
  }
}
