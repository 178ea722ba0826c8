import CounterRandom

/// A random order of 0 ..< `count` that is computed place by place: no table, no memory, nothing to
/// replay, so that any place of any epoch costs the same.
///
/// - Source: V. T. Hoang, B. Morris and P. Rogaway, "An enciphering scheme based on a card shuffle",
///   CRYPTO 2012 (swap-or-not), with Philox as the round function.
struct IndexPermutation {
  /// Rounds for each bit of an index; 6 are proven to hide the order from who sees half of it, and fewer
  /// show in no statistic of ours.
  private static let roundsPerBit = 4

  private let count: UInt32
  private let key: SIMD2<UInt32>

  /// - Parameter key: what the order follows from.
  init(count: Int, key: SIMD2<UInt32>) {
    self.count = UInt32(count)
    self.key = key
  }

  /// What stands at `place`.
  func value(at place: Int) -> Int {
    var value = UInt32(place)
    let rounds = Self.roundsPerBit * (32 - (count - 1).leadingZeroBitCount) + 8
    for index in 0..<rounds {
      let round = UInt32(index)
      let offset = UInt32(word(round, 0, of: 0).multipliedFullWidth(by: count).high)
      // Each round pairs every place with one other; both see the same bit.
      let partner = offset >= value ? offset - value : offset &+ count &- value
      if word(round, max(value, partner), of: 1) & 1 == 1 { value = partner }
    }
    return Int(value)
  }

  private func word(_ round: UInt32, _ place: UInt32, of stream: UInt32) -> UInt32 {
    CounterRandom.philox4x32(counter: SIMD4(round, place, stream, 0), key: key).x
  }
}
