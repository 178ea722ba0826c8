import Foundation
import Nets

/// What the steps of a plan take, as a table for people: equal steps together, the slowest first.
struct StepProfileTable {
  private struct Kind: Hashable {
    var operation: String
    var shape: [Int]
    var implementation: String
  }

  private struct Row {
    var kind: Kind
    var count = 0
    var seconds = 0.0
    var operations: Double?
  }

  private let rows: [Row]
  private let kernelSeconds: Double
  private let stepSeconds: Double

  /// - Parameters:
  ///   - profiles: the steps of one forward and backward pass.
  ///   - stepSeconds: the whole training step, reduction and update included.
  init(_ profiles: [StepProfile], stepSeconds: Double) {
    var rows: [Kind: Row] = [:]
    for profile in profiles {
      let kind = Kind(
        operation: profile.operation, shape: profile.shape, implementation: profile.implementation)
      var row = rows[kind] ?? Row(kind: kind)
      row.count += 1
      row.seconds += profile.seconds
      if let operations = profile.operations {
        row.operations = (row.operations ?? 0) + operations
      }
      rows[kind] = row
    }
    self.rows = rows.values.sorted { $0.seconds > $1.seconds }
    kernelSeconds = profiles.reduce(0) { $0 + $1.seconds }
    self.stepSeconds = stepSeconds
  }

  /// The table in Markdown.
  var text: String {
    let operations = rows.reduce(0) { $0 + ($1.operations ?? 0) }
    let head = """
      | operation | shape | steps | ms | share | GFLOP/s | implementation |
      | --- | --- | --- | --- | --- | --- | --- |
      """
    let summary = String(
      format: "kernels %.1f ms (%.1f GFLOP, %.0f GFLOP/s), everything else %.1f ms of %.1f ms",
      kernelSeconds * 1e3, operations / 1e9, operations / kernelSeconds / 1e9,
      (stepSeconds - kernelSeconds) * 1e3, stepSeconds * 1e3)
    return ([head] + groups.map(line) + rows.map(line) + [summary]).joined(separator: "\n")
  }

  /// The operations as a whole.
  private var groups: [Row] {
    Dictionary(grouping: rows, by: \.kind.operation).map { operation, rows in
      let known = rows.compactMap(\.operations)
      return Row(
        kind: Kind(operation: operation, shape: [], implementation: "all"),
        count: rows.reduce(0) { $0 + $1.count }, seconds: rows.reduce(0) { $0 + $1.seconds },
        operations: known.isEmpty ? nil : known.reduce(0, +))
    }.sorted { $0.seconds > $1.seconds }
  }

  private func line(_ row: Row) -> String {
    let shape = row.kind.shape.map(String.init).joined(separator: "×")
    let rate = row.operations.map { String(format: "%.0f", $0 / row.seconds / 1e9) } ?? ""
    return String(format: "| %@ | %@ | %d |", row.kind.operation, shape, row.count)
      + String(format: " %.2f | %.1f %% |", row.seconds * 1e3, 100 * row.seconds / kernelSeconds)
      + " \(rate) | \(row.kind.implementation) |"
  }
}
