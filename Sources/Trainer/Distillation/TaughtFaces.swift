import Datasets

/// The part of a student's micro-batches that its teacher teaches.
final class TaughtFaces {
  /// Faces without labels; nil where there are none.
  let unlabeled: UnlabeledRows?
  private let rows: TaughtRows
  private let labelledAnswers: any TeacherAnswers
  private let unlabeledAnswers: (any TeacherAnswers)?
  private var untold: [SampleProblem]

  /// - Parameter problems: the faces that the teacher could not be asked about beforehand, with their
  ///   numbers among the samples of the run.
  init(
    rows: TaughtRows, labelledAnswers: any TeacherAnswers, unlabeled: UnlabeledRows?,
    unlabeledAnswers: (any TeacherAnswers)?, problems: [SampleProblem]
  ) {
    untold = problems
    self.rows = rows
    self.labelledAnswers = labelledAnswers
    self.unlabeled = unlabeled
    self.unlabeledAnswers = unlabeledAnswers
  }

  /// What reads faces without labels, and what the teacher reads faces with.
  var loaders: [BatchLoader] {
    [unlabeled?.loader, labelledAnswers.loader, unlabeledAnswers?.loader].compactMap { $0 }
  }

  /// Whether there are faces that could not be used and have not been asked for yet.
  var hasNewProblems: Bool { !untold.isEmpty || loaders.contains(where: \.hasNewProblems) }

  /// The faces that student or teacher could not use and that have not been asked for yet.
  func takeProblems() -> [SampleProblem] {
    defer { untold = [] }
    let labelled = labelledAnswers.loader?.takeProblems() ?? []
    let others = [unlabeled?.loader, unlabeledAnswers?.loader].flatMap {
      $0?.takeProblems() ?? []
    }
    return untold + labelled + (unlabeled?.numbered(others) ?? [])
  }

  /// Takes the next micro-batch.
  ///
  /// - Parameter labelled: its labelled faces.
  func fill(labelled: MicroBatch) throws {
    try labelledAnswers.take(labelled)
    rows.fill(from: 0, labelled, labelledAnswers)
    guard let unlabeled, let unlabeledAnswers else { return }
    let batch = try unlabeled.fill()
    try unlabeledAnswers.take(batch)
    rows.fill(from: labelled.labels.count, batch, unlabeledAnswers)
  }
}
