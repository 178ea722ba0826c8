import CVectorKernels
import TestSupport
import Testing

@Suite struct VectorKernelsTests {
  static let sgdStep = aver_sgd_step(
    learning_rate: 0.05, momentum: 0.9, weight_decay: 1e-4, gradient_scale: 1.0 / 3, nesterov: true)
  static let adamwStep = aver_adamw_step(
    learning_rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.05,
    gradient_scale: 0.25, bias_correction1: 1 - 0.9, bias_correction2: 1 - 0.999)

  static var variants: [aver_vector_kernels] {
    [aver_instruction_set_baseline, aver_instruction_set_avx2, aver_instruction_set_avx512f]
      .compactMap { aver_vector_kernels_for($0)?.pointee }
  }

  /// Runs a kernel of each variant on copies of the same vectors, one element off alignment, and
  /// returns all that it left behind.
  func outcomes(
    _ vectors: [[Float]],
    _ run: (aver_vector_kernels, [UnsafeMutablePointer<Float>], Int) -> Void
  ) -> [[UInt32]] {
    Self.variants.map { kernels in
      var flat = [Float(0)] + vectors.joined()
      let count = vectors[0].count
      flat.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return }
        run(kernels, vectors.indices.map { base + 1 + $0 * count }, count)
      }
      return bits(flat)
    }
  }

  @Test func theProcessorsWidestVariantIsInUse() {
    let inUse = aver_vector_kernels_in_use().pointee.instruction_set
    #expect(inUse == Self.variants.last?.instruction_set)
  }

  @Test func everyInstructionSetGivesTheSameBits() throws {
    try #require(Self.variants.count > 1, "this processor has one variant only: nothing to compare")
    let seed = propertySeed("everyInstructionSetGivesTheSameBits")
    var generator = SeededGenerator(seed: seed)
    for count in Array(0...67) + [1000, 4099] {
      let vectors = (0..<4).map { _ in generator.floats(count: count, withNonFinite: true) }
      let kernels: [(String, (aver_vector_kernels, [UnsafeMutablePointer<Float>], Int) -> Void)] = [
        ("add", { $0.add($1[0], $1[1], $2) }),
        ("sum", { $0.sum($1[0], $1[1], $1[2], $2) }),
        ("scale", { $0.scale($1[0], 0.1, $2) }),
        ("sgd", { $0.sgd($1[0], $1[1], $1[2], $2, Self.sgdStep) }),
        ("adamw", { $0.adamw($1[0], $1[1], $1[2], $1[3], $2, Self.adamwStep) }),
      ]
      for (name, run) in kernels {
        let outcomes = outcomes(vectors, run)
        #expect(Set(outcomes).count == 1, "\(name) of \(count) elements, seed \(seed)")
      }
    }
  }

  @Test func sumsAreThePlainIEEESums() {
    var generator = SeededGenerator(seed: propertySeed("sumsAreThePlainIEEESums"))
    let left = generator.floats(count: 1037, withNonFinite: true)
    let right = generator.floats(count: 1037, withNonFinite: true)
    var result = [Float](repeating: 0, count: left.count)
    aver_sum_f32(&result, left, right, left.count)
    #expect(bits(result) == bits(zip(left, right).map { $0 + $1 }))
    var inPlace = left
    aver_add_f32(&inPlace, right, left.count)
    #expect(bits(inPlace) == bits(result))
    aver_scale_f32(&inPlace, 0.3, left.count)
    #expect(bits(inPlace) == bits(result.map { $0 * 0.3 }))
  }

  @Test func denormalsAreKept() {
    var values = [Float](repeating: .leastNonzeroMagnitude, count: 33)
    let same = values
    aver_add_f32(&values, same, 33)
    #expect(values.allSatisfy { $0 == 2 * Float.leastNonzeroMagnitude && $0 != 0 })
  }

  @Test(arguments: [Float.infinity, -.infinity, .nan])
  func theFirstNonFiniteIsFoundAtEveryPlace(value: Float) {
    for kernels in Self.variants {
      for place in 0..<70 {
        var values = [Float](repeating: .greatestFiniteMagnitude, count: 70)
        #expect(kernels.first_nonfinite(values, 70) == -1)
        values[place] = value
        values[69] = .nan
        #expect(kernels.first_nonfinite(values, 70) == Int64(place))
      }
    }
  }

  @Test func anEmptyVectorIsFinite() {
    #expect(aver_first_nonfinite_f32([], 0) == -1)
  }
}
