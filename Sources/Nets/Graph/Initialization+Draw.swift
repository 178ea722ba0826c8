import CounterRandom
import Glibc

extension Initialization {
  /// Draws `count` elements.
  func draw(count: Int, from random: inout CounterRandom) -> [Float] {
    switch self {
    case .constant(let value):
      return Array(repeating: value, count: count)
    case .uniform(let bound):
      return (0..<count).map { _ in random.uniform(in: -bound...bound) }
    case .kaimingNormal(let fanOut):
      return Self.normal(
        count: count, deviation: (2 / Float(fanOut)).squareRoot(), from: &random)
    case .normal(let deviation):
      return Self.normal(count: count, deviation: deviation, from: &random)
    }
  }

  private static func normal(
    count: Int, deviation: Float, from random: inout CounterRandom
  ) -> [Float] {
    var elements: [Float] = []
    elements.reserveCapacity(count + 1)
    while elements.count < count {
      let pair = normalPair(from: &random)
      elements.append(deviation * pair.0)
      elements.append(deviation * pair.1)
    }
    return Array(elements.prefix(count))
  }

  /// Two independent standard normal numbers.
  ///
  /// - Source: G. Box and M. Muller, 1958.
  private static func normalPair(from random: inout CounterRandom) -> (Float, Float) {
    // 1 − u is in (0, 1]: its logarithm is finite.
    let radius = (-2 * logf(1 - random.uniform())).squareRoot()
    let angle = 2 * Float.pi * random.uniform()
    return (radius * cosf(angle), radius * sinf(angle))
  }
}
