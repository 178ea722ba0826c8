import CVectorKernels
import TestSupport
import Testing

@Suite struct BFloat16KernelsTests {
  private static var variants: [aver_bfloat16_kernels] {
    [aver_instruction_set_baseline, aver_instruction_set_avx2, aver_instruction_set_avx512f]
      .compactMap { aver_bfloat16_kernels_for($0)?.pointee }
  }

  @Test func everyInstructionSetGivesTheSameBits() throws {
    try #require(Self.variants.count > 1, "this processor has one variant only: nothing to compare")
    let seed = propertySeed("bfloat16: everyInstructionSetGivesTheSameBits")
    var generator = SeededGenerator(seed: seed)
    for count in Array(0...70) + [1000] {
      let values = generator.floats(count: count, withNonFinite: true)
      let errors = generator.floats(count: count, withNonFinite: count % 2 == 1)
      let outcomes = Self.variants.map { kernels in
        var (rounded, halves) = (values, [UInt16](repeating: 0, count: count))
        var (left, widened, sum) = (values, errors, values)
        kernels.round_with_feedback(&rounded, &left, errors, count)
        kernels.round(&halves, values, count)
        kernels.widen(&widened, halves, count)
        kernels.add(&sum, halves, count)
        return bits(rounded) + bits(left) + bits(widened) + bits(sum)
      }
      #expect(Set(outcomes).count == 1, "\(count) elements, seed \(seed)")
    }
  }

  /// What is rounded and what is left out are together what was there, and the next sum gets it.
  @Test func nothingIsLostInRounding() {
    let count = 70_001
    var generator = SeededGenerator(seed: 5)
    let values = generator.floats(count: count, withNonFinite: false)
    let errors = values.map { $0 / 300 }
    var (rounded, left) = (values, values)
    aver_round_with_feedback_bf16(&rounded, &left, errors, count)
    for index in 0..<count {
      let whole = values[index] + errors[index]
      guard rounded[index].bitPattern & 0xffff == 0, rounded[index] + left[index] == whole,
        abs(left[index]) <= abs(whole) / 256 + Float(bitPattern: 0x8000)
      else {
        Issue.record("\(values[index]) + \(errors[index]): \(rounded[index]) and \(left[index])")
        return
      }
    }
  }

  @Test func roundingToBFloat16IsToNearestEven() {
    let cases: [(Float, UInt16)] = [
      (1, 0x3f80), (-2.5, 0xc020), (Float(bitPattern: 0x3f80_8000), 0x3f80),
      (Float(bitPattern: 0x3f81_8000), 0x3f82), (Float(bitPattern: 0x3f80_8001), 0x3f81),
      (.greatestFiniteMagnitude, 0x7f80), (.infinity, 0x7f80), (-.infinity, 0xff80),
      (-0.0, 0x8000), (.leastNonzeroMagnitude, 0),
    ]
    var result = [UInt16](repeating: 1, count: cases.count + 1)
    aver_round_bf16(
      &result, cases.map(\.0) + [Float(bitPattern: 0x7f80_0001)], result.count)
    #expect(Array(result.dropLast()) == cases.map(\.1))
    #expect(result[cases.count] & 0x7fff > 0x7f80, "NaN stays NaN")

    var widened = [Float](repeating: 1, count: 3)
    aver_widen_bf16(&widened, [0x3f80, 0xc020, 0xff80], 3)
    #expect(widened == [1, -2.5, -.infinity])

    var sums: [Float] = [1, 2, 3]
    aver_add_bf16(&sums, [0x3f80, 0xc020, 0x7f80], 3)
    #expect(sums == [2, -0.5, .infinity])
  }
}
