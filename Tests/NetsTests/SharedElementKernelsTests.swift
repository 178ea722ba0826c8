import CVectorKernels
import TestSupport
import Testing

@testable import Nets

/// Kernels over elements and samples whose work threads share: the same bits for any number of them.
@Suite struct SharedElementKernelsTests {
  /// Long enough to be shared, with and without a rest, and not.
  static let counts = [100_003, 65_536, 32_769, 1000, 0]
  static let types = [aver_f32, aver_bf16]

  private func arrays(_ number: Int, _ count: Int, _ type: aver_element_type = aver_f32)
    -> [SharedArray]
  {
    var generator = SeededGenerator(seed: propertySeed("shared element kernels"))
    return (0..<number).map { _ in SharedArray(count, type, &generator) }
  }

  @Test(arguments: counts)
  func sumsAndProducts(_ count: Int) throws {
    let operands = arrays(2, count)
    try expectSameBits("sum") {
      let results = operands.map(SharedArray.init(copying:))
      aver_add_f32(results[0].floats, operands[1].floats, count)
      aver_sum_f32(results[1].floats, operands[0].floats, operands[1].floats, count)
      aver_scale_f32(results[1].floats, 1 / 3, count)
      return results
    }
  }

  @Test(arguments: counts)
  func optimizers(_ count: Int) throws {
    let operands = arrays(4, count)
    try expectSameBits("SGD") {
      let results = operands.map(SharedArray.init(copying:))
      aver_sgd_f32(
        results[0].floats, results[1].floats, results[2].floats, count,
        aver_sgd_step(
          learning_rate: 0.1, momentum: 0.9, weight_decay: 1e-4, gradient_scale: 0.25,
          nesterov: true))
      return results
    }
    try expectSameBits("AdamW") {
      let results = operands.map(SharedArray.init(copying:))
      aver_adamw_f32(
        results[0].floats, results[1].floats, results[2].floats, results[3].floats, count,
        aver_adamw_step(
          learning_rate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 1e-2,
          gradient_scale: 0.25, bias_correction1: 0.1, bias_correction2: 0.001))
      return results
    }
  }

  @Test(arguments: counts)
  func optimizersOfTensors(_ count: Int) throws {
    let operands = arrays(4, count)
    try expectSameBits("norms, LARS, LAMB and averages") {
      let results = (operands + arrays(1, 6)).map(SharedArray.init(copying:))
      guard let weights = results[0].floats, let first = results[1].floats,
        let second = results[2].floats, let gradient = results[3].floats
      else { return [] }
      let step = aver_adamw_step(
        learning_rate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 1e-2,
        gradient_scale: 0.25, bias_correction1: 0.1, bias_correction2: 0.001)
      let squares = aver_lamb_moments_f32(weights, first, second, gradient, count, step)
      aver_lamb_apply_f32(weights, first, second, count, step)
      aver_lars_f32(
        weights, first, gradient, count,
        aver_lars_step(rate: 0.1, momentum: 0.9, weight_decay: 1e-4, gradient_scale: 0.25))
      aver_move_towards_f32(second, weights, 0.1, count)
      // To the last bit, which the weights do not show.
      results[4].address?.storeBytes(
        of: (squares.weight, squares.direction, aver_square_sum_f32(gradient, count)),
        as: (Double, Double, Double).self)
      return results
    }
  }

  /// Each thread may find one: the first counts.
  @Test func theFirstNonFiniteValueIsFound() throws {
    let count = 100_003
    let values = [Float](repeating: 1, count: count)
    for places in [[], [99_999], [70_000, 40_000, 99], [50_001, 50_000], [count - 1, 66_666]] {
      var values = values
      for place in places { values[place] = place.isMultiple(of: 2) ? .nan : .infinity }
      try expectSameBits("first of \(places)") {
        let found = aver_first_nonfinite_f32(values, count)
        #expect(found == Int64(places.min() ?? -1))
        return []
      }
    }
  }

  @Test(arguments: counts, types)
  func dropout(_ count: Int, _ type: aver_element_type) throws {
    let operand = arrays(1, count, type)[0]
    // The counter's first word overflows on the way.
    let stream = aver_random_stream(key: (7, 8), counter: (.max - 9000, 2, 3, 4))
    try expectSameBits("dropout") {
      let mask = SharedArray(copying: self.arrays(1, count / 2 + 1, aver_bf16)[0])
      let result = SharedArray(copying: operand)
      let flags = mask.address?.assumingMemoryBound(to: UInt8.self)
      flags?.update(repeating: 0, count: 2 * (count / 2 + 1))
      aver_draw_keep_mask(flags, count, 0.3, stream)
      aver_apply_mask(result.address, operand.address, flags, 1 / 0.7, count, type)
      return [mask, result]
    }
  }

  @Test(arguments: [(5, 20_001), (2, 33_000), (1, 70_000), (3, 7)], types)
  func scaledSamples(_ size: (batch: Int, count: Int), _ type: aver_element_type) throws {
    let operands = arrays(2, size.batch * size.count, type)
    let factors = arrays(1, size.batch)[0]
    for addend in [nil, operands[1]] {
      try expectSameBits("samples") {
        let result = SharedArray(copying: operands[0])
        aver_scale_samples(
          result.address, operands[0].address, addend?.address, factors.floats, size.batch,
          size.count, type)
        return [result]
      }
    }
  }

  @Test(arguments: counts)
  func gatedSums(_ count: Int) throws {
    let operands = arrays(4, count)
    try expectSameBits("gated sum") {
      let results = operands.map(SharedArray.init(copying:))
      aver_gated_sum_f32(
        results[3].floats, operands[0].floats, operands[1].floats, operands[2].floats, count)
      aver_gated_sum_backward_f32(
        results[0].floats, results[1].floats, results[2].floats, operands[3].floats,
        operands[0].floats, operands[1].floats, operands[2].floats, count)
      return results
    }
  }
}
