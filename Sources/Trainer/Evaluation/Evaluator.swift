/// Measures a network on data that it holds.
protocol Evaluator {
  associatedtype Report: MeasuredReport

  /// Runs over everything, with the weights as they are now. Collective.
  ///
  /// - Parameter isStopRequested: asked on all ranks between micro-batches; collective.
  /// - Returns: the report, the same on all ranks; nil when a stop was requested.
  func evaluate(isStopRequested: () throws -> Bool) throws -> Report?
}

extension Evaluator {
  /// Runs over everything, to the end. Collective.
  func evaluate() throws -> Report {
    guard let report = try evaluate(isStopRequested: { false }) else {
      preconditionFailure("an evaluation that is never asked to stop comes to its end")
    }
    return report
  }
}
