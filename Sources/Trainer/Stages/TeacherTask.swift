import Datasets
import Logging
import Nets

/// What the teacher learns from: micro-batches of labelled faces and of triplets, and their evaluation.
final class TeacherTask: TrainingTask {
  private let plan: TrainingPlan
  private let faces: LabelledRows
  private let triplets: TripletRows?
  private let evaluator: FaceEvaluator
  private let logger: Logger
  /// Of the last evaluation; the next one finds the same.
  private var toldProblems: [SampleProblem] = []

  /// - Parameter triplets: nil where there are none.
  init(
    plan: TrainingPlan, faces: LabelledRows, triplets: TripletRows?, evaluator: FaceEvaluator,
    logger: Logger
  ) {
    self.plan = plan
    self.faces = faces
    self.triplets = triplets
    self.evaluator = evaluator
    self.logger = logger
  }

  var waitedSeconds: Double {
    faces.loader.waitedSeconds + (triplets?.loader.waitedSeconds ?? 0)
  }
  var hasNewProblems: Bool {
    faces.loader.hasNewProblems || triplets?.loader.hasNewProblems ?? false
  }

  func takeProblems() -> [SampleProblem] {
    let problems = faces.loader.takeProblems() + (triplets?.takeProblems() ?? [])
    for problem in problems { logger.warning("skipped \(problem)") }
    return problems
  }

  func computeNextMicroBatch(slot: Int, draw: MicroBatchDraw) throws {
    try faces.fill()
    try triplets?.fill()
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
      hasFiniteOutputs: report.classes.loss.isFinite,
      values: report.values + [("rows_left_out", .integer(evaluator.rowsLeftOut))],
      summary: report.summary)
  }
}
