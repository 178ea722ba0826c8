/// A number of an evaluation that models are compared by.
package struct EvaluationMetric: Equatable, Sendable {
  /// Which values are better.
  package enum Direction: Sendable {
    /// Accuracies and the like.
    case larger
    /// Losses and errors.
    case smaller
  }

  /// The name in the evaluation's values.
  package var name: String
  /// Which values are better.
  package var better: Direction

  /// A metric by its name.
  init(_ name: String, better: Direction) {
    self.name = name
    self.better = better
  }

  /// Whether a value is better than the best so far, by more than a threshold; what is not finite
  /// never is, and any other value is better than none.
  func isBetter(_ value: Double, than best: Double?, threshold: Double = 0) -> Bool {
    guard value.isFinite else { return false }
    guard let best else { return true }
    return better == .larger ? value > best + threshold : value < best - threshold
  }
}

extension Evaluation {
  /// The value of a metric; NaN where the model's outputs are not finite, and so mean nothing.
  func value(of metric: EvaluationMetric) -> Double {
    guard hasFiniteOutputs else { return .nan }
    return values.first { $0.name == metric.name }?.value.number ?? .nan
  }
}
