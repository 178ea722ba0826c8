import Datasets
import Logging
import Nets

/// Classification of facial expressions.
final class ExpressionTask: TrainingTask {
  private let plan: TrainingPlan
  private let images: PixelArray
  private let arrays: ClassifierArrays
  private let loader: BatchLoader
  private let evaluator: ClassificationEvaluator
  /// The weight of each class in the loss.
  private let classWeights: [Float]
  private let logger: Logger
  /// Of the last evaluation; the next one finds the same.
  private var toldProblems: [SampleProblem] = []

  /// - Parameters:
  ///   - mixed: whether the loader mixes samples, and the plan's loss has partners.
  ///   - loader: gives the micro-batches of this rank, in the order of the steps and in the plan's
  ///     format.
  /// - Throws: `NetsError.unknownArray` where the plan is not a classifier's.
  init(
    plan: TrainingPlan, mixed: Bool, loader: BatchLoader, evaluator: ClassificationEvaluator,
    classWeights: [Float], logger: Logger
  ) throws {
    self.plan = plan
    images = try plan.pixels(input: "images")
    arrays = try ClassifierArrays(plan, mixed: mixed)
    self.loader = loader
    self.evaluator = evaluator
    self.classWeights = classWeights
    self.logger = logger
  }

  var waitedSeconds: Double { loader.waitedSeconds }
  var hasNewProblems: Bool { loader.hasNewProblems }

  func takeProblems() -> [SampleProblem] {
    let problems = loader.takeProblems()
    for problem in problems { logger.warning("skipped \(problem)") }
    return problems
  }

  func computeNextMicroBatch(slot: Int, draw: MicroBatchDraw) throws {
    guard let batch = try loader.next(into: images.bytes) else {
      preconditionFailure("the requests cover every step of the training")
    }
    for sample in batch.labels.indices {
      let (label, weight) = (batch.labels[sample], batch.weights[sample])
      arrays.labels[sample] = label
      arrays.weights[sample] =
        weight * classWeights[Int(label)] * (1 - batch.partnerShares[sample])
      guard let partners = arrays.partners else { continue }
      let partner = batch.partnerLabels[sample]
      partners.labels[sample] = partner
      partners.weights[sample] =
        weight * classWeights[Int(partner)] * batch.partnerShares[sample]
    }
    try plan.run(slot: slot, draw: draw)
  }

  func evaluate(isStopRequested: () throws -> Bool) throws -> Evaluation? {
    guard let report = try evaluator.evaluate(isStopRequested: isStopRequested) else { return nil }
    for problem in report.problems where !toldProblems.contains(problem) {
      logger.warning("left out \(problem)")
    }
    toldProblems = report.problems
    // Outputs that are not finite have no largest one: the accuracy means nothing.
    return Evaluation(
      score: report.loss.isFinite ? report.accuracy : .nan,
      values: report.values + [("rows_left_out", .integer(evaluator.rowsLeftOut))],
      summary: report.summary)
  }
}
