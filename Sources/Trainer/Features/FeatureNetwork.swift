import Nets

/// A trained network that gives a row of numbers for what its input is filled with: its features, or
/// several of its outputs beside each other.
final class FeatureNetwork {
  /// Frames of a pass.
  let batch: Int
  /// What the caller fills before each pass.
  let input: UnsafeMutableBufferPointer<Float>
  /// Where a row has each output.
  let layout: RowLayout
  private let plan: InferencePlan
  private let outputs: [UnsafeMutableBufferPointer<Float>]

  /// - Parameters:
  ///   - graph: has these outputs.
  ///   - input: its input's name.
  ///   - outputs: names, in the order in which a row has them.
  ///   - weights: a safetensors file.
  /// - Throws: `WeightsError` and `NetsError` naming file and tensor.
  init(
    _ graph: Graph, input: String, outputs: [String] = ["features"], weights: String,
    precision: Precision, batch: Int
  ) throws {
    plan = try InferencePlan(
      graph: graph, batch: batch, precision: precision,
      parameters: try ModelSnapshot.parameters(weights, of: graph))
    self.input = try plan.floats(input: input)
    self.outputs = try outputs.map(plan.output)
    self.batch = batch
    layout = RowLayout(zip(outputs, self.outputs.map { $0.count / batch }))
  }

  /// Runs the network on its input.
  func run() throws { try plan.run() }

  /// What the last pass made for a place.
  func row(of place: Int) -> [Float] { outputs.flatMap { part($0, place) } }

  /// Gives a frame of a table what the last pass made for a place.
  ///
  /// - Parameter first: the first of the outputs that the table has.
  func copyRow(
    of place: Int, from first: Int = 0, to table: inout FeatureTable, frame: Int
  ) {
    table.set(
      outputs[first...].map { UnsafeRawBufferPointer(part($0, place)) }, frame: frame)
  }

  private func part(
    _ output: UnsafeMutableBufferPointer<Float>, _ place: Int
  ) -> UnsafeMutableBufferPointer<Float> {
    let width = output.count / batch
    return UnsafeMutableBufferPointer(rebasing: output[(place * width)..<((place + 1) * width)])
  }
}

/// Where a row of several outputs has each of them.
package struct RowLayout: Equatable, Sendable {
  /// Elements of a row.
  package private(set) var width = 0
  private var ranges: [String: Range<Int>] = [:]

  /// Outputs and how many elements each has, in order.
  init(_ outputs: some Sequence<(String, Int)>) {
    for (name, count) in outputs {
      ranges[name] = width..<(width + count)
      width += count
    }
  }

  /// The layout of rows without the first of the outputs.
  func dropping(_ outputs: [String]) -> RowLayout {
    let rest = ranges.filter { !outputs.contains($0.key) }
      .sorted { $0.value.lowerBound < $1.value.lowerBound }
    return RowLayout(rest.map { ($0.key, $0.value.count) })
  }

  /// Where an output is; nil for one that rows do not have.
  package func range(of output: String) -> Range<Int>? { ranges[output] }

  /// An output in a row; empty for one that rows do not have.
  package func part(_ output: String, of row: [Float]) -> [Float] {
    ranges[output].map { Array(row[$0]) } ?? []
  }
}
