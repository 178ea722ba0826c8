import Datasets
import Testing

@testable import Trainer

@Suite("Denominators of the global batch")
struct BatchDenominatorsTests {
  /// Samples of which some have no class, some no valence, some no arousal.
  private struct Labels: SampleLabels {
    var count: Int { 40 }
    var hasAll = false

    func classIndex(at index: Int) -> Int? {
      hasAll || index % 7 != 0 ? (index % 10 == 3 ? 1 : 0) : nil
    }
    func affect(at index: Int) -> SIMD2<Float> {
      SIMD2(hasAll || index % 3 != 0 ? 0.5 : .nan, hasAll || index % 4 != 0 ? 0.5 : .nan)
    }
  }

  private func plan() throws -> EpochPlan {
    try EpochPlan(
      classOfSample: Array(repeating: 0, count: 40), globalBatch: 8, microBatch: 2, seed: 3,
      sampling: .shuffled)
  }

  @Test("weights have a mean of 1 over each global batch, from whichever step on")
  func mean() throws {
    let (labels, weights) = (Labels(), [Float(0.75), 2.5])
    let epochs = try plan()
    func denominators(from step: Int) -> BatchDenominators {
      BatchDenominators(
        known: labels, hasAffect: true, classWeights: weights, epochs: epochs, steps: step..<12)
    }
    var all = denominators(from: 0)
    var later = denominators(from: 7)
    var requests = epochs.requests(steps: 0..<12, leaves: 0..<4)
    var seen: Set<Float> = []
    for step in 0..<12 {
      let scales = all.next()
      if step >= 7 { #expect(later.next() == scales) }
      let samples = (0..<4).flatMap { _ in requests.next()?.sampleIndices ?? [] }.map(Int.init)
      #expect(samples.count == 8)
      let classes = samples.map { labels.classIndex(at: $0).map { weights[$0] } ?? 0 }
      #expect(abs(classes.reduce(0, +) * scales.classes / 8 - 1) < 1e-6)
      let affects = samples.map { labels.affect(at: $0) }
        .flatMap { [$0.x, $0.y] }.count { !$0.isNaN }
      #expect(abs(Float(affects) * scales.affect / 16 - 1) < 1e-6)
      seen.insert(scales.classes)
    }
    #expect(seen.count > 3)
  }

  @Test("nothing is scaled where all labels are known and weigh the same, or nobody asks")
  func even() throws {
    for (labels, hasAffect, weights) in [
      (Labels(hasAll: true), true, [Float(1), 1]), (Labels(), false, nil),
    ] as [(Labels, Bool, [Float]?)] {
      var denominators = BatchDenominators(
        known: labels, hasAffect: hasAffect, classWeights: weights, epochs: try plan(), steps: 0..<9
      )
      for _ in 0..<9 { #expect(denominators.next() == BatchDenominators.Scales()) }
    }
  }
}
