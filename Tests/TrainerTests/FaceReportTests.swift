import Datasets
import Testing

@testable import Trainer

@Suite("scores of valence, arousal and triplets")
struct FaceReportTests {
  /// NumPy: np.cov(x, y, bias=True), x.var(), np.corrcoef, np.sign.
  @Test("a dimension's scores are NumPy's")
  func scores() {
    let pairs: [(prediction: Float, truth: Float)] = [
      (0.3, 0.5), (-0.2, -0.1), (0.9, 0.6), (-0.75, -1), (0.1, -0.2),
    ]
    let score = DimensionScore(pairs)
    #expect(score.samples == 5)
    #expect(abs(score.concordance - 0.9086080392660961) < 1e-12)
    #expect(abs(score.correlation - 0.9273804222403271) < 1e-12)
    #expect(abs(score.rootMeanSquaredError - 0.24186771988077846) < 1e-12)
    #expect(abs(score.signAgreement - 0.8) < 1e-12)
  }

  @Test("what does not vary has no correlation, and nothing has no score")
  func degenerate() {
    let flat = DimensionScore([(prediction: 0, truth: 1), (prediction: 0, truth: 1)])
    #expect(flat.correlation.isNaN && flat.concordance == 0 && flat.rootMeanSquaredError == 1)
    #expect(DimensionScore([]).concordance.isNaN)
    for name in ["ccc", "rmse", "correlation", "sagr"] {
      #expect(DimensionScore([]).numbers[name] == .some(nil), "\(name) of nothing")
    }
    #expect(DimensionScore([]).hasFinitePredictions)
    #expect(!DimensionScore([(.nan, 1)]).hasFinitePredictions)
  }

  @Test("unknown truths are left out of each dimension on its own")
  func missing() {
    let report = AffectReport([0.1, 0.1, 0.5, .nan, 0.4, .nan, 0.2, 0.3])
    #expect(report.valence.samples == 1 && report.arousal.samples == 1)
    #expect(report.arousal.rootMeanSquaredError < 0.1001)
  }

  @Test("a triplet is right where the odd one is the farthest from both others")
  func triplets() {
    func triplet(_ faces: SIMD3<Int32>, odd: Int) -> Triplet {
      Triplet(faces: faces, oddOneOut: odd, type: .twoClasses, line: 1)
    }
    // Faces on a line at 0, 1 and 5; the fourth could not be read.
    let embeddings: [Float] = [0, 0, 1, 0, 5, 0, .nan, .nan]
    let report = TripletReport(
      [
        triplet(SIMD3(0, 1, 2), odd: 2), triplet(SIMD3(2, 0, 1), odd: 0),
        triplet(SIMD3(0, 1, 2), odd: 1), triplet(SIMD3(0, 1, 3), odd: 2),
      ], embeddings: embeddings, length: 2)
    #expect(report.samples == 3)
    #expect(abs(report.accuracy - 2.0 / 3) < 1e-12)
    #expect(TripletReport([], embeddings: [], length: 2).samples == 0)
  }
}
