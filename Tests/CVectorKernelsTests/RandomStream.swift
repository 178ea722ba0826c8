import CVectorKernels
import CounterRandom

extension aver_random_stream {
  /// The numbers of `random`, of which none has been drawn yet.
  init(_ random: CounterRandom) {
    let (key, counter) = random.stream
    self.init(
      key: (key.x, key.y), counter: (counter.x, counter.y, counter.z, counter.w))
  }

  /// The stream whose first four words are `words`: Philox's ten rounds undone.
  init(startingWith words: SIMD4<UInt32>) {
    let multipliers: (UInt32, UInt32) = (0xD251_1F53, 0xCD9E_8D57)
    let key = SIMD2<UInt32>(5, 6)
    var counter = words
    for round in (0..<10).reversed() {
      let roundKey = key &+ UInt32(round) &* SIMD2(0x9E37_79B9, 0xBB67_AE85)
      let x = counter.w &* Self.inverse(multipliers.0)
      let z = counter.y &* Self.inverse(multipliers.1)
      counter = SIMD4(
        x, counter.x ^ z.multipliedFullWidth(by: multipliers.1).high ^ roundKey.x,
        z, counter.z ^ x.multipliedFullWidth(by: multipliers.0).high ^ roundKey.y)
    }
    precondition(CounterRandom.philox4x32(counter: counter, key: key) == words)
    self.init(key: (key.x, key.y), counter: (counter.x, counter.y, counter.z, counter.w))
  }

  /// The inverse of an odd number modulo 2³². Each of Newton's steps doubles its correct bits.
  private static func inverse(_ odd: UInt32) -> UInt32 {
    (0..<5).reduce(odd) { inverse, _ in inverse &* (2 &- odd &* inverse) }
  }
}
