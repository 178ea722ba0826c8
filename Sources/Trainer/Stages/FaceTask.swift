import Datasets
import Logging
import Nets

/// What a face network learns from: micro-batches of labelled faces and of other sets, and its evaluation.
final class FaceTask: TrainingTask {
  private let plan: TrainingPlan
  private let faces: LabelledRows
  private let triplets: TripletRows?
  private let taught: TaughtFaces?
  private let evaluator: FaceEvaluator
  private let gallery: FaceGallery?
  private let preview: FacePreview
  private var log: SampleLog

  /// - Parameters:
  ///   - triplets: nil where there are none.
  ///   - taught: nil without a teacher.
  ///   - gallery: picks faces to look at; nil where none are to be seen.
  init(
    plan: TrainingPlan, faces: LabelledRows, triplets: TripletRows?, taught: TaughtFaces?,
    evaluator: FaceEvaluator, gallery: FaceGallery?, preview: FacePreview, logger: Logger
  ) {
    self.plan = plan
    self.faces = faces
    self.triplets = triplets
    self.taught = taught
    self.evaluator = evaluator
    self.gallery = gallery
    self.preview = preview
    log = SampleLog(logger)
  }

  private var loaders: [BatchLoader] {
    [faces.loader, triplets?.loader].compactMap { $0 } + (taught?.loaders ?? [])
  }

  var waitedSeconds: Double { loaders.reduce(0) { $0 + $1.waitedSeconds } }
  var hasNewProblems: Bool {
    faces.loader.hasNewProblems || triplets?.loader.hasNewProblems == true
      || taught?.hasNewProblems == true
  }

  func takeProblems() -> [SampleProblem] {
    let problems =
      faces.loader.takeProblems() + (triplets?.takeProblems() ?? [])
      + (taught?.takeProblems() ?? [])
    log.tellSkipped(problems)
    return problems
  }

  func fillNextMicroBatch(ofStep step: Int) throws {
    let batch = try faces.fill()
    try taught?.fill(labelled: batch)
    try triplets?.fill()
  }

  var lastSamples: [String] {
    let loaders = [faces.loader, taught?.unlabeled?.loader, triplets?.loader]
    return loaders.flatMap { $0?.lastSamples ?? [] }
  }

  func evaluate(isStopRequested: () throws -> Bool) throws -> Evaluation? {
    guard let report = try evaluator.evaluate(isStopRequested: isStopRequested) else { return nil }
    log.tellLeftOut(report.problems)
    return Evaluation(
      hasFiniteOutputs: report.isFinite,
      values: report.values + [("rows_left_out", .integer(evaluator.rowsLeftOut))],
      summary: report.summary,
      content: { [gallery] in
        report.content(pictures: try gallery?.pictures(of: report.samples) ?? [])
      })
  }

  func picture(ofStep step: Int) throws -> JPEGPicture? {
    try preview.images(ofStep: step)?.sheet(columns: 4, most: 128)
  }
}
