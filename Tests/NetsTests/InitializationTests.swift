import CounterRandom
import Testing

@testable import Nets

@Suite struct InitializationTests {
  private let random = CounterRandom(seed: 3, index: 4, purpose: .weightInitialisation)

  private func draw(_ initialization: Initialization, count: Int) -> [Float] {
    var elements = [Float](repeating: 9, count: count)
    elements.withUnsafeMutableBufferPointer { initialization.draw(into: $0, from: random) }
    return elements
  }

  @Test func uniformNumbersAreCounterRandoms() {
    var random = random
    let expected = (0..<1001).map { _ in random.uniform(in: -0.7...0.7) }
    #expect(draw(.uniform(bound: 0.7), count: 1001) == expected)
  }

  @Test func normalNumbersHaveTheirDeviation() {
    let numbers = draw(.normal(deviation: 0.5), count: 10_001)
    let variance = numbers.reduce(0) { $0 + $1 * $1 } / Float(numbers.count)
    // Five standard errors of the variance.
    #expect(abs(variance / 0.25 - 1) < 5 * (2 / Float(numbers.count)).squareRoot())
    #expect(draw(.kaimingNormal(fanOut: 8), count: 10_001) == numbers)
  }

  @Test func constantsAreTheSameEverywhere() {
    #expect(draw(.constant(0.25), count: 7) == Array(repeating: 0.25, count: 7))
    #expect(draw(.normal(deviation: 1), count: 0) == [])
  }
}
