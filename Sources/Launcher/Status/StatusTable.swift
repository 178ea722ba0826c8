import Foundation
import Trainer

/// How runs and sweeps stand, for people and for programs.
public enum StatusTable {
  /// The table of some folders.
  ///
  /// - Parameters:
  ///   - paths: runs, sweeps or folders of them.
  ///   - isJSON: whether a JSON list is wanted instead of a table.
  /// - Throws: `TrainerError`, `LaunchError`.
  public static func text(of paths: [String], isJSON: Bool) throws -> String {
    let statuses = try Surveyor().survey(paths)
    guard isJSON else { return table(of: statuses) }
    return String(decoding: try DurableFiles.json(statuses), as: UTF8.self) + "\n"
  }

  /// The names of columns.
  static let head = [
    "PATH", "KIND", "STATE", "DONE", "LOSS/BEST", "RATE", "LEFT", "RESTARTS", "JOB", "WHERE",
    "DETAIL",
  ]

  static func table(of statuses: [WorkStatus]) -> String {
    let rows = [head] + statuses.map(row)
    let widths = head.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    let lines = rows.map { row in
      let cells = zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }
      return cells.joined(separator: "  ").trimmingSuffix { $0 == " " }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The cells of a run or a sweep.
  static func row(_ status: WorkStatus) -> [String] {
    let total = status.total.map { "/\($0)" } ?? ""
    return [
      status.path.onOneLine, status.kind, status.state.rawValue,
      status.done.map { "\($0)\(total)" } ?? "–",
      status.value.map { String(format: "%.4g", $0) } ?? "–",
      status.rate.map { String(format: "%.1f/s", $0) } ?? "–",
      status.secondsLeft.map(Self.time) ?? "–", status.restarts.map(String.init) ?? "–",
      status.job ?? "–", status.host ?? "–",
      (status.detail ?? "").onOneLine,
    ]
  }

  private static func time(_ seconds: Double) -> String {
    let all = Int(seconds.rounded())
    return String(format: "%d:%02d:%02d", all / 3600, all / 60 % 60, all % 60)
  }
}

extension String {
  /// The text without what would break a line or tell a terminal something.
  var onOneLine: String {
    String(
      unicodeScalars.map { $0.properties.generalCategory == .control ? " " : Character($0) })
  }
}

extension StringProtocol {
  fileprivate func trimmingSuffix(while isCut: (Character) -> Bool) -> String {
    String(self[..<(lastIndex { !isCut($0) }.map { index(after: $0) } ?? startIndex)])
  }
}
