import CVectorKernels
import TestSupport
import Testing

@Suite struct GatingKernelsTests {
  static var variants: [aver_gating_kernels] {
    [aver_instruction_set_baseline, aver_instruction_set_avx2, aver_instruction_set_avx512f]
      .compactMap { aver_gating_kernels_for($0)?.pointee }
  }

  @Test func everyInstructionSetGivesTheSameBits() throws {
    try #require(Self.variants.count > 1, "this processor has one variant only: nothing to compare")
    let seed = propertySeed("everyInstructionSetGivesTheSameBits")
    var generator = SeededGenerator(seed: seed)
    for count in Array(0...35) + [1000] {
      let inputs = (0..<4).map { _ in generator.floats(count: count, withNonFinite: true) }
      let outcomes = Self.variants.map { kernels in
        var results = (0..<4).map { _ in [Float](repeating: 7, count: count + 1) }
        kernels.gated_sum(&results[0], inputs[0], inputs[1], inputs[2], count)
        var gate = results[1]
        var left = results[2]
        var right = results[3]
        kernels.gated_sum_backward(
          &gate, &left, &right, inputs[3], inputs[0], inputs[1], inputs[2], count)
        return (results[0] + gate + left + right).map { $0.isNaN ? 0 : $0.bitPattern }
      }
      #expect(Set(outcomes).count == 1, "\(count) elements, seed \(seed)")
    }
  }

  @Test func theGateChooses() {
    var result: [Float] = [0, 0, 0]
    aver_gated_sum_f32(&result, [1, 0, 0.25], [3, 3, 8], [5, 5, 4], 3)
    #expect(result == [3, 5, 5])
    var (gate, left, right): ([Float], [Float], [Float]) = ([0, 0, 0], [0, 0, 0], [0, 0, 0])
    aver_gated_sum_backward_f32(
      &gate, &left, &right, [2, 2, 2], [1, 0, 0.25], [3, 3, 8], [5, 5, 4], 3)
    #expect(gate == [-4, -4, 8])
    #expect(left == [2, 0, 0.5])
    #expect(right == [0, 2, 1.5])
  }
}
