import CounterRandom
import Testing

@Suite struct PhiloxTests {
  /// The known answers of the Random123 distribution for philox4x32, 10 rounds.
  @Test func knownAnswersOfRandom123() {
    let zero = CounterRandom.philox4x32(counter: .zero, key: .zero)
    #expect(zero == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    let ones = CounterRandom.philox4x32(
      counter: SIMD4(repeating: .max), key: SIMD2(repeating: .max))
    #expect(ones == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
    let pi = CounterRandom.philox4x32(
      counter: SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
      key: SIMD2(0xa409_3822, 0x299f_31d0))
    #expect(pi == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
  }

  @Test func everyPartOfTheKeyChangesTheNumbers() {
    func first(
      seed: UInt64 = 7, epoch: Int = 3, index: Int = 5, purpose: RandomPurpose = .crop
    ) -> UInt64 {
      var random = CounterRandom(seed: seed, epoch: epoch, index: index, purpose: purpose)
      return random.next()
    }
    let all = [
      first(), first(seed: 8), first(seed: 7 | 1 << 40), first(epoch: 4), first(index: 6),
      first(index: 5 | 1 << 33), first(purpose: .flip),
    ]
    #expect(Set(all).count == all.count)
    #expect(first() == first())
  }

  @Test func drawsContinueOverBlocks() {
    var random = CounterRandom(seed: 11, purpose: .flip)
    let numbers = (0..<1000).map { _ in random.next32() }
    #expect(Set(numbers).count == 1000)
  }

  @Test func uniformNumbersFillTheUnitInterval() {
    var random = CounterRandom(seed: 1, purpose: .crop)
    let count = 100_000
    var sum = 0.0
    var squares = 0.0
    for _ in 0..<count {
      let value = Double(random.uniform())
      #expect((0..<1).contains(value))
      sum += value
      squares += value * value
    }
    let mean = sum / Double(count)
    // Five standard errors of the mean, and of the variance.
    #expect(abs(mean - 0.5) < 5 * 0.2887 / 316)
    #expect(abs(squares / Double(count) - mean * mean - 1 / 12.0) < 5 * 0.0745 / 316)
  }

  @Test func rangesKeepTheirBounds() {
    var random = CounterRandom(seed: 2, purpose: .crop)
    let values = (0..<10_000).map { _ in random.uniform(in: -2...3) }
    #expect(values.allSatisfy { (-2...3).contains($0) })
    #expect((values.min() ?? 0) < -1.99 && (values.max() ?? 0) > 2.99)
  }

  /// Chi-squared over 7 bins, 6 degrees of freedom: 22.5 is exceeded once in a thousand seeds.
  @Test func integersAreEquallyLikely() {
    var random = CounterRandom(seed: 3, purpose: .sampleOrder)
    var counts = [Double](repeating: 0, count: 7)
    for _ in 0..<70_000 { counts[random.integer(below: 7)] += 1 }
    let chiSquared = counts.map { ($0 - 10_000) * ($0 - 10_000) / 10_000 }.reduce(0, +)
    #expect(chiSquared < 22.5)
    #expect(random.integer(below: 1) == 0)
  }
}
