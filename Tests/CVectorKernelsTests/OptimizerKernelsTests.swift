import CVectorKernels
import TestSupport
import Testing

/// Three steps of torch.optim (2.13, float32, CPU) from the same weights with the same gradients.
@Suite struct OptimizerKernelsTests {
  static let start: [Float] = [0.5, -1.25, 2.0, 0.001, -3.5]
  static let gradients: [[Float]] = [
    [0.1, -0.2, 0.3, 4.0, -0.5], [0.7, 0.2, -0.3, -2.0, 0.25], [-0.1, 0.05, 1.5, 0.5, 0.125],
  ]

  /// The gradients as they come from a sum over four micro-batches.
  static let summedGradients = gradients.map { $0.map { 4 * $0 } }

  func expectClose(_ actual: [Float], _ expected: [Float]) {
    #expect(actual.count == expected.count)
    for (index, (ours, theirs)) in zip(actual, expected).enumerated() {
      let tolerance = 2e-6 * max(abs(theirs), 0.1)
      #expect(abs(ours - theirs) <= tolerance, "element \(index): \(ours) against \(theirs)")
    }
  }

  func sgd(nesterov: Bool) -> [Float] {
    var weights = Self.start
    var velocity = [Float](repeating: 0, count: weights.count)
    let step = aver_sgd_step(
      learning_rate: 0.1, momentum: 0.9, weight_decay: 0.01, gradient_scale: 0.25,
      nesterov: nesterov)
    for gradient in Self.summedGradients {
      aver_sgd_f32(&weights, &velocity, gradient, weights.count, step)
    }
    return weights
  }

  @Test func sgdWithMomentumIsPyTorchs() {
    expectClose(sgd(nesterov: false), [0.3472054, -1.2318496, 1.8145736, -0.75168604, -3.4050467])
  }

  @Test func sgdWithNesterovMomentumIsPyTorchs() {
    expectClose(sgd(nesterov: true), [0.29124808, -1.2350098, 1.6772603, -0.9242136, -3.3918514])
  }

  @Test func adamWIsPyTorchs() {
    var weights = Self.start
    var first = [Float](repeating: 0, count: weights.count)
    var second = first
    for (index, gradient) in Self.summedGradients.enumerated() {
      let step = aver_adamw_step(
        learning_rate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.1,
        gradient_scale: 0.25, bias_correction1: 1 - power(0.9, index + 1),
        bias_correction2: 1 - power(0.999, index + 1))
      aver_adamw_f32(&weights, &first, &second, gradient, weights.count, step)
    }
    expectClose(weights, [0.47474778, -1.2383131, 1.9785153, -0.01440016, -3.4762561])
  }

  func power(_ base: Double, _ exponent: Int) -> Double {
    (0..<exponent).reduce(1) { product, _ in product * base }
  }
}

/// Kernels that look at whole tensors.
@Suite struct TensorKernelsTests {
  static var variants: [aver_optimizer_kernels] {
    [aver_instruction_set_baseline, aver_instruction_set_avx2, aver_instruction_set_avx512f]
      .compactMap { aver_optimizer_kernels_for($0)?.pointee }
  }

  static let larsStep = aver_lars_step(
    rate: 0.05, momentum: 0.9, weight_decay: 1e-4, gradient_scale: 1.0 / 3)

  @Test func everyInstructionSetGivesTheSameBits() throws {
    try #require(Self.variants.count > 1, "this processor has one variant only: nothing to compare")
    let seed = propertySeed("everyInstructionSetGivesTheSameBits")
    var generator = SeededGenerator(seed: seed)
    for count in Array(0...35) + [1000] {
      let inputs = (0..<4).map { _ in generator.floats(count: count, withNonFinite: false) }
      let outcomes = Self.variants.map { outcome(of: $0, inputs, count) }
      #expect(Set(outcomes).count == 1, "\(count) elements, seed \(seed)")
    }
  }

  /// All that the kernels of a variant write and return.
  private func outcome(
    of kernels: aver_optimizer_kernels, _ inputs: [[Float]], _ count: Int
  ) -> [UInt64] {
    var (weights, first, second) = (inputs[0], inputs[1], inputs[2].map(abs))
    let sum = kernels.square_sum(inputs[3], count)
    kernels.lars(&weights, &first, inputs[3], count, Self.larsStep)
    let squares = kernels.lamb_moments(
      weights, &first, &second, inputs[3], count, VectorKernelsTests.adamwStep)
    kernels.lamb_apply(&weights, first, second, count, VectorKernelsTests.adamwStep)
    kernels.move_towards(&first, inputs[3], 0.3, count)
    let sums: [UInt64] = [sum, squares.weight, squares.direction].map(\.bitPattern)
    let vectors: [Float] = weights + first + second
    return sums + bits(vectors).map { UInt64($0) }
  }

  @Test(arguments: [0, 1, 15, 8192, 8193, 100_000, 5_000_000])
  func squaresAreSummedAsInDouble(count: Int) {
    var generator = SeededGenerator(seed: propertySeed("squaresAreSummedAsInDouble"))
    let values = generator.floats(count: count, withNonFinite: false)
    let expected = values.reduce(0) { $0 + Double($1) * Double($1) }
    #expect(abs(aver_square_sum_f32(values, count) - expected) <= 1e-11 * expected)
  }

  @Test func anAverageMovesByItsFactor() {
    var average: [Float] = [1, -2, 0.5]
    aver_move_towards_f32(&average, [3, -2, -0.5], 0.25, 3)
    #expect(average == [1.5, -2, 0.25])
  }
}
