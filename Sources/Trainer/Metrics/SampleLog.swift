import Datasets
import Logging

/// Tells a rank's log which samples could not be used, each once.
struct SampleLog {
  private let logger: Logger
  /// Of those that training went without; several may read the same.
  private var skipped: Set<Int32> = []
  /// Of the last evaluation; the next one finds the same.
  private var leftOut: [SampleProblem] = []

  init(_ logger: Logger) { self.logger = logger }

  /// Tells of samples that training went without.
  mutating func tellSkipped(_ problems: [SampleProblem]) {
    for problem in problems where skipped.insert(problem.sample).inserted {
      logger.warning("skipped \(problem)")
    }
  }

  /// Tells of samples that are not in an evaluation's numbers.
  mutating func tellLeftOut(_ problems: [SampleProblem]) {
    for problem in problems where !leftOut.contains(problem) {
      logger.warning("left out \(problem)")
    }
    leftOut = problems
  }
}
