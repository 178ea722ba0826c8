import Testing

@testable import Nets

struct MemoryPlanTests {
  @Test func buffersAliveTogetherNeverOverlap() {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("memory plan seed: \(seed)")
    var random = SeededGenerator(state: seed)
    for _ in 0..<200 {
      let count = Int.random(in: 1...40, using: &random)
      let sizes = (0..<count).map { _ in Int.random(in: 0...5000, using: &random) }
      let lifetimes: [ClosedRange<Int>?] = (0..<count).map { _ in
        let first = Int.random(in: 0...20, using: &random)
        let isUsed = Int.random(in: 0..<10, using: &random) > 0
        return isUsed ? first...first + Int.random(in: 0...10, using: &random) : nil
      }
      let plan = MemoryPlan(sizes: sizes, lifetimes: lifetimes)
      for left in 0..<count {
        guard let leftLife = lifetimes[left] else { continue }
        #expect(plan.offsets[left] % MemoryPlan.alignment == 0)
        #expect(plan.offsets[left] + sizes[left] <= plan.byteCount)
        for right in 0..<left {
          guard let rightLife = lifetimes[right], leftLife.overlaps(rightLife) else { continue }
          let apart =
            plan.offsets[left] + sizes[left] <= plan.offsets[right]
            || plan.offsets[right] + sizes[right] <= plan.offsets[left]
          #expect(apart, "buffers \(left) and \(right), seed \(seed)")
        }
      }
    }
  }

  @Test func buffersNeverAliveTogetherShareOnePlace() {
    let plan = MemoryPlan(
      sizes: [1000, 1000, 1000, 64], lifetimes: [0...1, 2...3, 4...5, nil])
    #expect(plan.byteCount == 1000)
    #expect(plan.offsets == [0, 0, 0, 0])
  }
}

/// SplitMix64: random numbers that a printed seed brings back.
private struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }
}
