import CVectorKernels
import CounterRandom
import TestSupport
import Testing

/// Arrays of random numbers are CounterRandom's, transformed as documented, with the same bits under
/// every instruction set.
@Suite struct DrawKernelsTests {
  static var variants: [aver_draw_kernels] {
    [aver_instruction_set_baseline, aver_instruction_set_avx2, aver_instruction_set_avx512f]
      .compactMap { aver_draw_kernels_for($0)?.pointee }
  }

  /// Counts around the groups of blocks that a vector of 4, 8 and 16 lanes draws at a time.
  static let counts = Array(0...20) + [31, 32, 33, 63, 64, 65, 127, 128, 129, 1000]

  @Test func uniformNumbersAreCounterRandoms() {
    for index in [3, 7 << 32 | 5] {
      let random = CounterRandom(
        seed: 1 << 40 | 9, epoch: 70_000, index: index, purpose: .weightInitialisation)
      for count in Self.counts {
        var sequence = random
        let expected = (0..<count).map { _ in sequence.uniform(in: -0.3...0.3) }
        for kernels in Self.variants {
          var values = [Float](repeating: 9, count: count + 1)
          kernels.uniform(&values, count, -0.3, 0.6, aver_random_stream(random))
          #expect(values == expected + [9])
        }
      }
    }
  }

  @Test func everyInstructionSetGivesTheSameBits() throws {
    try #require(Self.variants.count > 1, "this processor has one variant only: nothing to compare")
    let seed = propertySeed("everyInstructionSetGivesTheSameBits")
    let stream = aver_random_stream(CounterRandom(seed: seed, purpose: .weightInitialisation))
    for count in Self.counts + [100_000] {
      let outcomes = Self.variants.map { kernels in
        var normal = [Float](repeating: 7, count: count + 1)
        var uniform = normal
        kernels.normal(&normal, count, 0.3, stream)
        kernels.uniform(&uniform, count, -0.1, 0.3, stream)
        return (normal + uniform).map(\.bitPattern)
      }
      #expect(Set(outcomes).count == 1, "\(count) elements, seed \(seed)")
    }
  }

  @Test func aShorterArrayIsTheBeginningOfALongerOne() {
    let stream = aver_random_stream(CounterRandom(seed: 4, purpose: .weightInitialisation))
    for kernels in Self.variants {
      var all = [Float](repeating: 0, count: 1000)
      kernels.normal(&all, all.count, 1, stream)
      for count in Self.counts {
        var values = [Float](repeating: 9, count: count + 1)
        kernels.normal(&values, count, 1, stream)
        #expect(values == all.prefix(count) + [9])
      }
    }
  }

  @Test func everyPartOfTheKeyChangesTheNumbers() {
    let keys = [
      CounterRandom(seed: 7, epoch: 3, index: 5, purpose: .weightInitialisation),
      CounterRandom(seed: 8, epoch: 3, index: 5, purpose: .weightInitialisation),
      CounterRandom(seed: 7 | 1 << 40, epoch: 3, index: 5, purpose: .weightInitialisation),
      CounterRandom(seed: 7, epoch: 4, index: 5, purpose: .weightInitialisation),
      CounterRandom(seed: 7, epoch: 3, index: 6, purpose: .weightInitialisation),
      CounterRandom(seed: 7, epoch: 3, index: 5 | 1 << 33, purpose: .weightInitialisation),
      CounterRandom(seed: 7, epoch: 3, index: 5, purpose: .dropout),
    ]
    for kernels in Self.variants {
      func draw(_ random: CounterRandom) -> [Float] {
        var values = [Float](repeating: 0, count: 8)
        kernels.normal(&values, 8, 1, aver_random_stream(random))
        return values
      }
      #expect(Set(keys.map(draw)).count == keys.count)
      #expect(draw(keys[0]) == draw(keys[0]))
    }
  }

  /// The bits that initial weights are made of, whatever compiler and library. Who changes them raises
  /// the engine's revision of kernels.
  @Test func theBitsAreThoseOfThisRevision() {
    let random = CounterRandom(seed: 1, index: 2, purpose: .weightInitialisation)
    for kernels in Self.variants {
      var values = [Float](repeating: 0, count: 10_000)
      kernels.normal(&values, values.count, 1, aver_random_stream(random))
      let digest = values.reduce(UInt32(0)) { $0 &* 31 &+ $1.bitPattern }
      #expect(digest == 0xe7d6_4c1a)
    }
  }
}
