import Nets

/// A trained network that gives its features for what its input is filled with.
final class FeatureNetwork {
  /// Features of a frame.
  let width: Int
  /// Frames of a pass.
  let batch: Int
  /// What the caller fills before each pass.
  let input: UnsafeMutableBufferPointer<Float>
  private let plan: InferencePlan
  private let features: UnsafeMutableBufferPointer<Float>

  /// - Parameters:
  ///   - graph: has an output `features`.
  ///   - input: its input's name.
  ///   - weights: a safetensors file.
  /// - Throws: `WeightsError` and `NetsError` naming file and tensor.
  init(_ graph: Graph, input: String, weights: String, precision: Precision, batch: Int) throws {
    plan = try InferencePlan(
      graph: graph, batch: batch, precision: precision,
      parameters: try ModelSnapshot.parameters(weights, of: graph))
    self.input = try plan.floats(input: input)
    features = try plan.output("features")
    self.batch = batch
    width = features.count / batch
  }

  /// Runs the network on its input.
  func run() throws { try plan.run() }

  /// What the last pass gave for a place.
  func features(of place: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(
      UnsafeBufferPointer(rebasing: features[(place * width)..<((place + 1) * width)]))
  }
}
