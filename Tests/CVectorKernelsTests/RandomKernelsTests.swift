import CVectorKernels
import CounterRandom
import TestSupport
import Testing

/// Masks are CounterRandom's numbers, and what is done with them is the plain arithmetic, with the
/// same bits under every instruction set.
@Suite struct RandomKernelsTests {
  static var variants: [aver_random_kernels] {
    [aver_instruction_set_baseline, aver_instruction_set_avx2, aver_instruction_set_avx512f]
      .compactMap { aver_random_kernels_for($0)?.pointee }
  }

  @Test(arguments: [0, 1, 4, 63, 64, 65, 1000])
  func masksAreCounterRandomsNumbers(count: Int) {
    let probability: Float = 0.3
    for index in [0, 7 << 32 | 5] {
      var random = CounterRandom(seed: 1 << 40 | 9, epoch: 70_000, index: index, purpose: .dropout)
      let stream = aver_random_stream(random)
      let expected = (0..<count).map { _ in random.uniform() >= probability ? UInt8(1) : 0 }
      for kernels in Self.variants {
        var mask = [UInt8](repeating: 9, count: count + 1)
        kernels.draw_keep_mask(&mask, count, probability, stream)
        #expect(mask == expected + [9])
      }
    }
  }

  @Test(arguments: [aver_f32, aver_bf16])
  func masksAndFactorsAreApplied(_ type: aver_element_type) {
    var generator = SeededGenerator(seed: propertySeed("masksAndFactorsAreApplied"))
    for count in [1, 5, 16, 37] {
      let values = TypedArray(random: 3 * count, type, &generator)
      let addend = TypedArray(random: 3 * count, type, &generator)
      let mask = values.floats.indices.map { UInt8($0 % 3 == 1 ? 0 : 1) }
      let factors: [Float] = [1.25, 0, 0.7]
      func rounded(_ values: [Float]) -> [Float] { TypedArray(values, type).floats }
      let masked = rounded(zip(values.floats, mask).map { $1 == 0 ? 0 : $0 * 1.1 })
      let scaled = values.floats.enumerated().map { $1 * factors[$0 / count] }
      let sums = rounded(zip(scaled, addend.floats).map { $0 + $1 })
      for kernels in Self.variants {
        var result = TypedArray(zeros: 3 * count, type)
        kernels.apply_mask(&result.bytes, values.bytes, mask, 1.1, 3 * count, type)
        #expect(result.floats == masked)
        kernels.scale_samples(&result.bytes, values.bytes, nil, factors, 3, count, type)
        #expect(result.floats == rounded(scaled))
        kernels.scale_samples(&result.bytes, values.bytes, addend.bytes, factors, 3, count, type)
        #expect(result.floats == sums)
      }
    }
  }
}
