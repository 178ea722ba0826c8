import Datasets

/// The part of a student's micro-batches that its teacher teaches.
final class TaughtFaces {
  /// Faces without labels; nil where there are none.
  let unlabeled: UnlabeledRows?
  private let rows: TaughtRows
  private let labelledAnswers: any TeacherAnswers
  private let unlabeledAnswers: (any TeacherAnswers)?

  init(
    rows: TaughtRows, labelledAnswers: any TeacherAnswers, unlabeled: UnlabeledRows?,
    unlabeledAnswers: (any TeacherAnswers)?
  ) {
    self.rows = rows
    self.labelledAnswers = labelledAnswers
    self.unlabeled = unlabeled
    self.unlabeledAnswers = unlabeledAnswers
  }

  /// Seconds that the teacher has waited for images.
  var waitedSeconds: Double {
    labelledAnswers.waitedSeconds + (unlabeledAnswers?.waitedSeconds ?? 0)
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
