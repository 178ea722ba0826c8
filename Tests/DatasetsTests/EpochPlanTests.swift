import Testing

@testable import Datasets

@Suite struct EpochPlanTests {
  private func plan(
    _ classes: [Int] = (0..<103).map { $0 % 8 }, global: Int = 20, micro: Int = 5, seed: UInt64 = 9,
    sampling: Sampling = .shuffled
  ) throws -> EpochPlan {
    try EpochPlan(
      classOfSample: classes, globalBatch: global, microBatch: micro, seed: seed, sampling: sampling
    )
  }

  @Test func everySampleComesOnceAndTheRemainderIsDropped() throws {
    let plan = try plan()
    #expect(plan.stepsPerEpoch == 5 && plan.microBatchesPerStep == 4)
    let order = plan.order(epoch: 0)
    #expect(order.count == 100 && Set(order).count == 100)
    #expect(order.allSatisfy { (0..<103).contains($0) } && order != order.sorted())
  }

  @Test func orderIsAPureFunctionOfSeedAndEpoch() throws {
    for sampling in Sampling.allCases {
      let first = try plan(sampling: sampling)
      #expect(try plan(sampling: sampling).order(epoch: 3) == first.order(epoch: 3))
      #expect(first.order(epoch: 3) != first.order(epoch: 4))
      #expect(try plan(seed: 10, sampling: sampling).order(epoch: 3) != first.order(epoch: 3))
    }
  }

  /// Ten epochs drop different remainders.
  @Test func noSampleIsLeftOutForGood() throws {
    let plan = try plan()
    #expect(Set((0..<10).flatMap { plan.order(epoch: $0) }).count == 103)
  }

  @Test func anyNumberOfRanksTakesTheSameMicroBatches() throws {
    let plan = try plan()
    let alone = plan.requests(steps: 0..<12, leaves: 0..<4).map { Array($0.sampleIndices) }
    #expect(alone.count == 48 && alone.allSatisfy { $0.count == 5 })
    for ranks in [2, 4] {
      let share = 4 / ranks
      let parts = (0..<ranks).map { rank in
        plan.requests(steps: 0..<12, leaves: (rank * share)..<((rank + 1) * share))
          .map { Array($0.sampleIndices) }
      }
      let together = (0..<12).flatMap { step in
        parts.flatMap { $0[(step * share)..<((step + 1) * share)] }
      }
      #expect(together == alone)
    }
  }

  @Test func startingInTheMiddleChangesNothing() throws {
    for sampling in Sampling.allCases {
      let plan = try plan(sampling: sampling)
      let whole = Array(plan.requests(steps: 0..<13, leaves: 1..<3))
      let tail = Array(plan.requests(steps: 7..<13, leaves: 1..<3))
      #expect(tail == Array(whole.suffix(12)))
    }
  }

  @Test func balancedSamplingDrawsClassesAlike() throws {
    let classes =
      [Int](repeating: 0, count: 900) + [Int](repeating: 2, count: 95) + [5, 5, 5, 5, 5]
    let plan = try plan(classes, global: 100, micro: 50, sampling: .balanced)
    let epoch = plan.epochOrder(0)
    #expect(epoch.count == 1000)
    let samples = (0..<1000).map(epoch.sample)
    let draws = (0..<1000).map(epoch.draw)
    var counts: [Int: Int] = [:]
    for sample in samples { counts[classes[Int(sample)], default: 0] += 1 }
    #expect(counts.keys.sorted() == [0, 2, 5])
    #expect(counts.values.allSatisfy { abs($0 - 333) < 80 })
    // Decks are used up before a sample comes again, and repetitions are numbered.
    var drawn: [Int32: Int32] = [:]
    for (sample, draw) in zip(samples, draws) {
      #expect(draw == drawn[sample, default: 0])
      drawn[sample, default: 0] += 1
    }
    let rare = (995..<1000).map { drawn[Int32($0), default: 0] }
    #expect((rare.max() ?? 0) - (rare.min() ?? 0) <= 1)
  }

  @Test func impossibleBatchesAreNamed() throws {
    func message(_ body: () throws -> EpochPlan) -> String {
      do { return "\(try body().stepsPerEpoch)" } catch { return "\(error)" }
    }
    #expect(
      message { try plan(global: 20, micro: 6) }
        == "batch.global: 20 is not a multiple of batch.micro 6")
    #expect(message { try plan(global: 0, micro: 5) }.hasPrefix("batch.global"))
    #expect(
      message { try plan(global: 104, micro: 52) }
        == "batch.global: 104 exceeds the 103 samples of an epoch")
    #expect(
      message { try plan([0, -1, 1, 1], global: 2, micro: 1, sampling: .balanced) }
        == "data.sampling: balanced needs a class for every sample")
  }

  @Test func evaluationTakesEverySampleOnceAndPadsTheEnd() throws {
    let plan = try EvaluationPlan(samples: 0..<23, microBatch: 4, microBatchesPerStep: 4)
    #expect(plan.steps == 2)
    let all = plan.requests(leaves: 0..<4).flatMap(\.sampleIndices)
    #expect(all == (0..<23).map { Int32($0) } + [Int32](repeating: -1, count: 9))
    let halves = (0..<2).map { plan.requests(leaves: ($0 * 2)..<($0 * 2 + 2)) }
    #expect(halves[0].count == 4 && halves[1].count == 4)
    #expect(Array(halves[1][0].sampleIndices) == [8, 9, 10, 11])
    #expect(throws: DatasetError.self) {
      _ = try EvaluationPlan(samples: 0..<0, microBatch: 4, microBatchesPerStep: 4)
    }
  }
}
