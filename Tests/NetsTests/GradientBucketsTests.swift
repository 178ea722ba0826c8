import CounterRandom
import Testing

@testable import Nets

@Suite(.serialized) struct GradientBucketsTests {
  private func plan(_ name: ModelName, slots: Int = 1) throws -> TrainingPlan {
    try Engine.configure(threads: 1)
    let plan = try TrainingPlan(
      model: ModelDescription(name: name, classes: 8, imageSize: 32), microBatch: 2,
      precision: .f32, gradientSlots: slots)
    try plan.parameters.initialize(seed: 3)
    try plan.refreshWeights()
    var random = CounterRandom(seed: 1, index: 0, purpose: .syntheticFace)
    try plan.pixels(input: name.input).fill { random.uniform(in: -2...2) }
    let arrays = try ClassifierArrays(plan)
    for sample in 0..<2 {
      arrays.labels[sample] = Int32(3 * sample)
      arrays.weights[sample] = 1
    }
    return plan
  }

  @Test func theLastBucketsAreSmall() throws {
    let plan = try plan(.resnet18)
    let (capacity, last) = (8 << 20, 256 << 10)
    let ranges = plan.buckets(capacityBytes: capacity, lastBytes: last).ranges
    let largest = plan.parameters.parameters.map(\.range.count).max() ?? 0
    for (place, bucket) in ranges.reversed().enumerated() {
      let end = min(bucket.upperBound, plan.slotLayout.gradients.upperBound)
      let limit = min(capacity, last << place) / 4
      #expect(end - bucket.lowerBound <= max(limit, largest))
    }
    #expect((ranges.last?.count ?? 0) * 4 < 2 * last)
    #expect(ranges.count > 4)
  }

  /// What is handed out is what is there at the end: nothing writes to a bucket any more.
  @Test(arguments: [ModelName.resnet18, .densenet121, .efficientnet_b0, .vggish])
  func bucketsAreCompleteWhenTheyAreToldOf(_ name: ModelName) throws {
    let plan = try plan(name, slots: 2)
    try plan.run(slot: 0)
    let (whole, slot) = (plan.slot(0), plan.slot(1))
    // Each parameter by itself, and few of them.
    for capacity in [1, 4 << 20] {
      let buckets = plan.buckets(capacityBytes: capacity, lastBytes: capacity)
      for parameter in plan.parameters.parameters where !parameter.isFrozen {
        slot[parameter.range].update(repeating: .infinity)
      }
      var told: [Int] = []
      try plan.run(slot: 1, draw: .none, buckets: buckets) { place in
        told.append(place)
        let bucket = buckets.ranges[place]
        // Between parameters there is padding, which nobody writes.
        for parameter in plan.parameters.parameters
        where bucket.contains(parameter.range.lowerBound) {
          let differs = parameter.range.contains {
            slot[$0].bitPattern != whole[$0].bitPattern
              && !(slot[$0].isInfinite && whole[$0] == 0)
          }
          #expect(!differs, "\(name): \(parameter.name) in bucket \(place)")
        }
      }
      #expect(told == Array(buckets.ranges.indices))
    }
  }
}
