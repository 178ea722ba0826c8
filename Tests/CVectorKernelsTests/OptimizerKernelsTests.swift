import CVectorKernels
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
