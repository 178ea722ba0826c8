import Testing

@testable import Datasets

/// Layouts that differ in everything: one shard, empty shards, windows of one and wider than a lane.
private let layouts: [(counts: [Int], window: Int, global: Int, micro: Int)] = [
  ([103], 16, 20, 5), ([0, 40, 0, 1, 62, 0], 7, 20, 5), ([10, 10, 10, 10], 1, 8, 8),
  (Array(repeating: 37, count: 29), 64, 32, 4), ([500, 3, 3, 3, 500], 1000, 64, 16), ([7], 3, 7, 1),
]

private func plan(_ index: Int, seed: UInt64 = 5) throws -> EpochPlan {
  let layout = layouts[index]
  return try EpochPlan(
    classOfSample: Array(repeating: 0, count: layout.counts.reduce(0, +)),
    globalBatch: layout.global, microBatch: layout.micro, seed: seed, sampling: .shuffled,
    shards: ShardWindows(sampleCounts: layout.counts, window: layout.window))
}

@Suite struct ShardOrderTests {
  @Test(arguments: layouts.indices) func everySampleComesOnce(index: Int) throws {
    let plan = try plan(index)
    for epoch in 0..<3 {
      let order = plan.order(epoch: epoch)
      #expect(order.count == plan.stepsPerEpoch * layouts[index].global)
      #expect(Set(order).count == order.count)
      let samples = layouts[index].counts.reduce(0, +)
      #expect(order.allSatisfy { (0..<samples).contains(Int($0)) })
    }
  }

  @Test(arguments: layouts.indices) func noSampleIsLeftOutForGood(index: Int) throws {
    let plan = try plan(index)
    let seen = Set((0..<30).flatMap(plan.order))
    #expect(seen.count == layouts[index].counts.reduce(0, +))
  }

  @Test func theOrderIsAPureFunctionOfSeedAndEpoch() throws {
    let (first, second) = (try plan(3), try plan(3))
    #expect(first.order(epoch: 4) == second.order(epoch: 4))
    #expect(first.order(epoch: 4) != first.order(epoch: 5))
    #expect(try plan(3, seed: 6).order(epoch: 4) != first.order(epoch: 4))
    // Part of the format of a run: another order is another training.
    let golden = try Array(plan(0).order(epoch: 0).prefix(8))
    #expect(golden == [28, 40, 33, 39, 37, 67, 56, 57])
  }

  @Test func aPlaceNeedsNoOtherPlace() throws {
    let plan = try plan(3)
    let whole = plan.order(epoch: 2)
    for position in [whole.count - 1, 0, whole.count / 2, 17] {
      #expect(plan.epochOrder(2).sample(at: position) == whole[position])
    }
  }

  @Test(arguments: [1, 2, 4]) func anyNumberOfRanksTakesTheSameMicroBatches(ranks: Int) throws {
    let plan = try plan(4)
    let alone = plan.requests(steps: 0..<40, leaves: 0..<4).map(\.sampleIndices)
    let share = 4 / ranks
    for rank in 0..<ranks {
      let leaves = (rank * share)..<((rank + 1) * share)
      // One goes on in the middle of an epoch, as after a preemption.
      let part = plan.requests(steps: 9..<40, leaves: leaves).map(\.sampleIndices)
      let expected = (9..<40).flatMap { step in leaves.map { alone[4 * step + $0] } }
      #expect(part == expected)
    }
  }

  /// A rank reads one window of each of its lanes at a time, and goes forward.
  @Test func aLaneStaysWithinItsWindow() throws {
    let (index, window) = (3, layouts[3].window)
    let plan = try plan(index)
    var samplesOfLanes = Array(repeating: [Int32](), count: 8)
    for request in plan.requests(steps: 0..<plan.stepsPerEpoch, leaves: 0..<8) {
      let lane = request.positions.lowerBound % 32 / 4
      samplesOfLanes[lane] += request.sampleIndices
    }
    #expect(Set(samplesOfLanes.joined()).count == plan.stepsPerEpoch * 32)
    for samples in samplesOfLanes {
      for start in stride(from: 0, to: samples.count, by: window) {
        let taken = Set(samples[start..<min(samples.count, start + window)])
        // Neighbours in shards of 37, of which a window of 64 can touch three.
        #expect(Set(taken.map { $0 / 37 }).count <= 3)
      }
    }
  }

  @Test(arguments: layouts.indices) func readingAheadNamesEverySampleOnceBeforeItIsTaken(
    index: Int
  ) throws {
    let plan = try plan(index)
    let order = plan.epochOrder(1)
    var announced: Set<Int> = []
    for request in plan.requests(
      steps: plan.stepsPerEpoch..<(2 * plan.stepsPerEpoch), leaves: 0..<plan.microBatchesPerStep)
    {
      for run in order.upcoming(after: request.positions) {
        #expect(announced.isDisjoint(with: run))
        announced.formUnion(run)
      }
      #expect(request.sampleIndices.allSatisfy { announced.contains(Int($0)) })
    }
    #expect(announced.count == order.count)
  }

  @Test func impossibleWindowsAreNamed() {
    let error = #expect(throws: DatasetError.self) {
      _ = try EpochPlan(
        classOfSample: [0, 0], globalBatch: 1, microBatch: 1, seed: 0, sampling: .shuffled,
        shards: ShardWindows(sampleCounts: [2], window: 0))
    }
    #expect(error.map { "\($0)" } == "data.shuffle_window: 0 is less than 1")
  }
}

@Suite struct IndexPermutationTests {
  @Test(arguments: [1, 2, 3, 5, 64, 100, 1000]) func everyIndexComesOnce(count: Int) {
    for key in 0..<4 {
      let permutation = IndexPermutation(count: count, key: [UInt32(key), 7])
      #expect(Set((0..<count).map(permutation.value)) == Set(0..<count))
    }
  }

  /// Where an index goes, and which two become neighbours, is uniform: χ² below the 0.999 quantile.
  @Test func placesAndNeighboursAreUniform() {
    let count = 10
    var places = [Int](repeating: 0, count: count * count)
    var neighbours = places
    let rounds = 9000
    for key in 0..<rounds {
      let permutation = IndexPermutation(count: count, key: [UInt32(key), 99])
      let order = (0..<count).map(permutation.value)
      for (place, value) in order.enumerated() { places[place * count + value] += 1 }
      for (left, right) in zip(order, order.dropFirst()) { neighbours[left * count + right] += 1 }
    }
    func statistic(_ counts: [Int], _ expected: Double) -> Double {
      counts.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
    }
    // 81 degrees of freedom; 89 for the pairs that can occur.
    #expect(statistic(places, Double(rounds) / 10) < 126)
    let pairs = neighbours.indices.filter { $0 / count != $0 % count }.map { neighbours[$0] }
    #expect(statistic(pairs, Double(rounds) / 10) < 136)
  }
}
