import Datasets
import Foundation
import TestSupport
import Testing

@testable import Trainer

@Suite("Evaluation")
struct EvaluationTests {
  @Test("accuracy, recall and mean recall are those of the matrix")
  func formulas() {
    var matrix = ConfusionMatrix(classes: 3)
    for (label, prediction) in [(0, 0), (0, 0), (0, 1), (0, 2), (1, 1), (1, 0)] {
      matrix.add(label: label, prediction: prediction)
    }
    #expect(matrix.total == 6)
    #expect(matrix.accuracy == 0.5)
    #expect(matrix.recall(of: 0) == 0.5)
    #expect(matrix.recall(of: 1) == 0.5)
    // A class without samples has no recall and does not pull the mean down.
    #expect(matrix.recall(of: 2) == nil)
    #expect(matrix.meanRecall == 0.5)
    #expect(ConfusionMatrix(classes: 2).accuracy == 0)
    #expect(ConfusionMatrix(classes: 2).meanRecall == 0)
  }

  private func tally(
    _ samples: [(logits: [Float], label: Int32, weight: Float)]
  ) -> ClassificationTally {
    var tally = ClassificationTally()
    add(samples, to: &tally)
    return tally
  }

  private func add(
    _ samples: [(logits: [Float], label: Int32, weight: Float)],
    to tally: inout ClassificationTally
  ) {
    samples.flatMap(\.logits).withUnsafeBufferPointer { logits in
      tally.add(
        logits: logits, labels: samples.map(\.label), weights: samples.map(\.weight))
    }
  }

  @Test("seven classes leave contempt out of the samples and of the predictions")
  func sevenClasses() {
    // Contempt has the largest logit everywhere, happiness the largest of the others.
    let logits: [Float] = [0, 2, 0, 0, 0, 0, 0, 3]
    let report = ClassificationTally.report([
      tally([(logits, 1, 1), (logits, 2, 1), (logits, 7, 1)])
    ])
    #expect(report.confusion.total == 3)
    #expect(report.accuracy == 1.0 / 3)
    #expect(report.confusionWithoutContempt.total == 2)
    #expect(report.accuracy7 == 0.5)
    #expect(report.confusionWithoutContempt[1, 1] == 1)
    #expect(report.confusionWithoutContempt[2, 1] == 1)
  }

  @Test("the loss is the mean cross-entropy of the samples that are not masked")
  func loss() {
    let uniform = [Float](repeating: 100, count: 8)
    let report = ClassificationTally.report([
      tally([(uniform, 0, 1), (uniform, 3, 1), ([Float](repeating: .nan, count: 8), 0, 0)])
    ])
    #expect(abs(report.loss - log(8)) < 1e-6)
    #expect(report.confusion.total == 2)
  }

  @Test("a report has the same bits whichever number of ranks saw the micro-batches")
  func rankIndependence() {
    var random = SeededGenerator(seed: propertySeed("rankIndependence"))
    let microBatches = (0..<13).map { _ in
      (0..<4).map { _ in
        (
          logits: (0..<8).map { _ in Float.random(in: -5...5, using: &random) },
          label: Int32.random(in: 0..<8, using: &random), weight: Float(1)
        )
      }
    }
    let padding = (0..<4).map { _ in
      (logits: [Float](repeating: 0, count: 8), label: Int32(0), weight: Float(0))
    }
    let reports = [1, 2, 3, 4, 8].map { ranks in
      var tallies = [ClassificationTally](repeating: ClassificationTally(), count: ranks)
      for round in 0..<(13 + ranks - 1) / ranks {
        for rank in 0..<ranks {
          let index = round * ranks + rank
          add(index < 13 ? microBatches[index] : padding, to: &tallies[rank])
        }
      }
      // As they come from other ranks.
      return ClassificationTally.report(tallies.map { ClassificationTally(bytes: $0.bytes) })
    }
    for report in reports {
      #expect(report.loss.bitPattern == reports[0].loss.bitPattern)
      #expect(report.confusion == reports[0].confusion)
      #expect(report.confusionWithoutContempt == reports[0].confusionWithoutContempt)
    }
    #expect(reports[0].confusion.total == 52)
  }

  @Test("the report is printed as tables and as JSON")
  func printing() throws {
    let logits: [Float] = [9, 0, 0, 0, 0, 0, 0, 0]
    let report = FaceReport(
      classes: ClassificationTally.report([tally([(logits, 0, 1), (logits, 6, 1)])]),
      affect: AffectReport([0.5, 0.25, 0, -1, 0.5, 0.25, 0, .nan, -0.5, 0, 0.5, 1]),
      triplets: TripletReport(
        [Triplet(faces: SIMD3(0, 1, 2), oddOneOut: 0, type: .oneClass, line: 1)],
        embeddings: [1, 0, 0], length: 1),
      problems: [])
    #expect(report.text.contains("accuracy  50.0 % with 8 classes, 50.0 % with 7 (no contempt)"))
    #expect(report.text.contains("  neutral  100.0 %        1        0"))
    let json = try JSONSerialization.jsonObject(with: Data(try report.json().utf8))
    let members = try #require(json as? [String: Any])
    #expect(members["accuracy"] as? Double == 0.5)
    #expect((members["confusion"] as? [[Int]])?[6] == [1, 0, 0, 0, 0, 0, 0, 0])
    #expect((members["triplets"] as? [String: Any])?["accuracy"] as? Double == 1)
    #expect((members["valence"] as? [String: Any])?["samples"] as? Double == 3)
    // One prediction is right in sign, one is not; no number of an arousal that does not vary.
    #expect((members["arousal"] as? [String: Any])?["sagr"] as? Double == 0.5)
    #expect(report.text.contains("triplets  100.0 % of 1"))
    #expect((members["recall"] as? [String: Any])?["neutral"] as? Double == 1)
  }
}
