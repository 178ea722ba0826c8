import Foundation

/// Random numbers for property tests, reproducible from their seed (SplitMix64).
public struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  /// A generator that repeats its numbers for the same seed.
  public init(seed: UInt64) {
    state = seed
  }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// Values that a sum can stumble over: mostly ordinary ones of many magnitudes, with denormals,
  /// zeros of both signs and, where asked for, infinities and NaN between them.
  public mutating func floats(count: Int, withNonFinite: Bool) -> [Float] {
    (0..<count).map { _ in
      switch Int.random(in: 0..<100, using: &self) {
      case 0..<5: Float(bitPattern: UInt32.random(in: 1..<0x0080_0000, using: &self))
      case 5: -0.0
      case 6: 0
      case 7 where withNonFinite: .infinity
      case 8 where withNonFinite: -.infinity
      case 9 where withNonFinite: .nan
      default:
        Float.random(in: -1...1, using: &self)
          * Float(sign: .plus, exponent: Int.random(in: -20...20, using: &self), significand: 1)
      }
    }
  }
}

/// The seed of a property test: a new one each time, printed, or that of `AVER_TEST_SEED` to see a
/// failure again.
public func propertySeed(_ test: String) -> UInt64 {
  let given = ProcessInfo.processInfo.environment["AVER_TEST_SEED"].flatMap(UInt64.init)
  let seed = given ?? UInt64.random(in: 0..<1_000_000)
  print("\(test): AVER_TEST_SEED=\(seed)")
  return seed
}

/// Bit patterns to compare, with every NaN alike: its payload is the one thing an addition may
/// choose.
public func bits(_ values: some Sequence<Float>) -> [UInt32] {
  values.map { $0.isNaN ? Float.nan.bitPattern : $0.bitPattern }
}
