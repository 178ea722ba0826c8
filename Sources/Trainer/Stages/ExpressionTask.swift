import Datasets
import Logging
import Nets

/// Classification of facial expressions.
final class ExpressionTask: TrainingTask {
  let plan: TrainingPlan
  let microBatch: Int
  private let loader: BatchLoader
  private let evaluator: ClassificationEvaluator
  /// The weight of each class in the loss.
  private let classWeights: [Float]
  private let logger: Logger
  private var skippedSamples = 0

  /// - Parameter loader: gives the micro-batches of this rank, in the order of the steps.
  init(
    plan: TrainingPlan, microBatch: Int, loader: BatchLoader, evaluator: ClassificationEvaluator,
    classWeights: [Float], logger: Logger
  ) {
    self.plan = plan
    self.microBatch = microBatch
    self.loader = loader
    self.evaluator = evaluator
    self.classWeights = classWeights
    self.logger = logger
  }

  var counters: DataCounters {
    DataCounters(skippedSamples: skippedSamples, waitedSeconds: loader.waitedSeconds)
  }

  func computeNextMicroBatch(slot: Int) throws {
    guard let batch = try loader.next(into: plan.images) else {
      preconditionFailure("the requests cover every step of the training")
    }
    skippedSamples += batch.skipped
    for problem in loader.takeProblems() { logger.warning("skipped \(problem)") }
    for sample in batch.labels.indices {
      plan.labels[sample] = batch.labels[sample]
      plan.sampleWeights[sample] =
        batch.weights[sample] * classWeights[Int(batch.labels[sample])]
    }
    try plan.run(slot: slot, lossScale: 1 / Float(microBatch))
  }

  func evaluate(isStopRequested: () throws -> Bool) throws -> Evaluation? {
    guard let report = try evaluator.evaluate(isStopRequested: isStopRequested) else { return nil }
    return Evaluation(
      score: report.accuracy, values: report.values, summary: report.summary)
  }
}
