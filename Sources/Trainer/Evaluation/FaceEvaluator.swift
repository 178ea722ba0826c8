import Datasets
import Nets

/// Evaluates a face network: classes, valence and arousal on a list of faces, and likeness on triplets.
final class FaceEvaluator: Evaluator {
  private let inference: FaceInference
  private let faces: FaceManifest
  private let triplets: FaceTriplets?

  /// - Parameter triplets: nil where the network has no embedding, or nothing to try it on.
  init(_ inference: FaceInference, faces: FaceManifest, triplets: FaceTriplets?) {
    self.inference = inference
    self.faces = faces
    self.triplets = triplets
  }

  /// Rows of the list of faces that could not be used.
  var rowsLeftOut: Int { faces.problems.count }

  func evaluate(isStopRequested: () throws -> Bool) throws -> FaceReport? {
    try inference.refreshWeights()
    guard var report = try evaluateFaces(isStopRequested) else { return nil }
    guard let triplets, let output = inference.embedding else { return report }
    guard let (found, problems) = try evaluate(triplets, output, isStopRequested) else {
      return nil
    }
    report.triplets = found
    report.problems += problems
    return report
  }

  private func evaluateFaces(_ isStopRequested: () throws -> Bool) throws -> FaceReport? {
    var tally = ClassificationTally()
    var rows: [[Float]] = []
    var affect: [[Float]] = []
    let problems = try inference.run(over: faces, isStopRequested: isStopRequested) { batch in
      tally.add(
        logits: UnsafeBufferPointer(inference.logits), labels: batch.labels,
        weights: batch.weights.indices.map { hasClass($0, of: batch) ? batch.weights[$0] : 0 })
      rows.append(self.rows(of: batch))
      if let predictions = inference.affect { affect.append(pairs(of: batch, predictions)) }
    }
    guard let problems else { return nil }
    let report = ClassificationTally.report(
      try inference.gather(tally.bytes).map(ClassificationTally.init(bytes:)))
    let samples = ClassifiedSamples(
      classes: ClassificationTally.classes,
      // Padding at the end differs with the number of ranks.
      rows: Array(
        try inference.gather(rows).joined()
          .prefix(faces.records.count * (1 + ClassificationTally.classes))))
    guard inference.affect != nil else {
      return FaceReport(classes: report, samples: samples, problems: problems)
    }
    let all = try inference.gather(affect).flatMap { $0 }
    return FaceReport(
      classes: report, samples: samples, affect: AffectReport(all), problems: problems)
  }

  /// The label of each sample, −1 where it has none, and its logits.
  private func rows(of batch: MicroBatch) -> [Float] {
    let classes = inference.logits.count / batch.weights.count
    return batch.weights.indices.flatMap { sample -> [Float] in
      let counts = hasClass(sample, of: batch) && batch.weights[sample] > 0
      return [counts ? Float(batch.labels[sample]) : -1]
        + inference.logits[(sample * classes)..<((sample + 1) * classes)]
    }
  }

  private func hasClass(_ sample: Int, of batch: MicroBatch) -> Bool {
    let index = Int(batch.sampleIndices[sample])
    return index >= 0 && faces.records.expression(at: index) != nil
  }

  /// Predicted and true valence, predicted and true arousal of each sample; not a number where unknown.
  private func pairs(
    of batch: MicroBatch, _ predictions: UnsafeMutableBufferPointer<Float>
  ) -> [Float] {
    batch.weights.indices.flatMap { sample -> [Float] in
      let index = Int(batch.sampleIndices[sample])
      let truth =
        index >= 0 && batch.weights[sample] > 0
        ? faces.records.affect(at: index) : SIMD2(repeating: .nan)
      return [predictions[2 * sample], truth.x, predictions[2 * sample + 1], truth.y]
    }
  }

  private func evaluate(
    _ triplets: FaceTriplets, _ output: UnsafeMutableBufferPointer<Float>,
    _ isStopRequested: () throws -> Bool
  ) throws -> (TripletReport, [SampleProblem])? {
    var own: [[Float]] = []
    let problems = try inference.run(over: triplets.faces, isStopRequested: isStopRequested) {
      batch in
      let length = output.count / batch.weights.count
      own.append(
        output.indices.map { batch.weights[$0 / length] > 0 ? output[$0] : .nan })
    }
    guard let problems else { return nil }
    let embeddings = try inference.gather(own).flatMap { $0 }
    let length = output.count / inference.microBatch
    return (TripletReport(triplets.triplets, embeddings: embeddings, length: length), problems)
  }
}
