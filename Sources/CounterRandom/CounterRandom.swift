/// What a random number is drawn for: part of its key, so that draws for different purposes never
/// share a stream. Raw values are part of the format of a run: never renumber, only append.
public enum RandomPurpose: UInt16, Sendable, CaseIterable {
  case sampleOrder = 1
  case weightInitialisation = 2
  case crop = 3
  case flip = 4
  case colorJitter = 5
  case syntheticFace = 6
  case dropout = 7
  case stochasticDepth = 8
  case randAugment = 9
  case grayscale = 10
  case erasing = 11
  case mixing = 12
  case spectrogramMask = 13
  case tripletOrder = 14
  case tripletFaces = 15
  case speakerSplit = 16
  case speechStretch = 17
  case speechGain = 18
  case unlabeledFaces = 20
  case modalityDropout = 21
  case bootstrap = 24
  case searchValue = 25
  case searchShift = 26
  case searchCandidate = 27
}

/// A counter-based random generator: a pure function of its key and of how many numbers were drawn.
///
/// The same key gives the same numbers on every rank, thread and resume, which is what makes
/// augmentation and initialisation independent of how a job is distributed.
///
/// - Source: Philox4x32-10, J. K. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
///   SC 2011.
public struct CounterRandom: Sendable, RandomNumberGenerator {
  @usableFromInline let key: SIMD2<UInt32>
  @usableFromInline var counter: SIMD4<UInt32>
  @usableFromInline var block = SIMD4<UInt32>()
  @usableFromInline var drawnOfBlock = 4

  /// A generator for one (seed, epoch, index, purpose).
  ///
  /// - Parameters:
  ///   - seed: the seed of the run.
  ///   - epoch: the epoch, or the step, counted from 0; below 2³², larger ones wrap.
  ///   - index: the sample, the parameter, whatever the numbers belong to; below 2⁴⁸.
  ///   - purpose: what the numbers are for.
  public init(seed: UInt64, epoch: Int = 0, index: Int = 0, purpose: RandomPurpose) {
    let index = UInt64(bitPattern: Int64(index))
    key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    counter = SIMD4(
      0,
      UInt32(truncatingIfNeeded: index),
      UInt32(truncatingIfNeeded: index >> 32) & 0xFFFF | UInt32(purpose.rawValue) << 16,
      UInt32(truncatingIfNeeded: epoch))
  }

  /// Philox's key, and the counter of the block of four that the first number is in: for vector code
  /// that draws the same numbers. To be asked before anything is drawn.
  public var stream: (key: SIMD2<UInt32>, counter: SIMD4<UInt32>) { (key, counter) }

  /// The next 32 random bits.
  @inlinable
  public mutating func next32() -> UInt32 {
    if drawnOfBlock == 4 {
      block = Self.philox4x32(counter: counter, key: key)
      counter.x &+= 1
      drawnOfBlock = 0
    }
    defer { drawnOfBlock += 1 }
    return block[drawnOfBlock]
  }

  /// The next 64 random bits.
  @inlinable
  public mutating func next() -> UInt64 {
    let low = UInt64(next32())
    return low | UInt64(next32()) << 32
  }

  /// A number in [0, 1), of 24 random bits.
  @inlinable
  public mutating func uniform() -> Float {
    Float(next32() >> 8) * 0x1p-24
  }

  /// A number in [`range.lowerBound`, `range.upperBound`).
  @inlinable
  public mutating func uniform(in range: ClosedRange<Float>) -> Float {
    range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
  }

  /// An integer in 0 ..< `bound`, without bias.
  ///
  /// - Source: D. Lemire, "Fast random integer generation in an interval", 2019.
  @inlinable
  public mutating func integer(below bound: Int) -> Int {
    precondition(bound > 0 && bound <= Int(UInt32.max))
    let bound = UInt32(bound)
    let threshold = (0 &- bound) % bound
    while true {
      let product = next32().multipliedFullWidth(by: bound)
      if product.low >= threshold { return Int(product.high) }
    }
  }

  /// The ten rounds of Philox4x32.
  @inlinable
  public static func philox4x32(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var counter = counter
    var key = key
    for _ in 0..<10 {
      let first = counter.x.multipliedFullWidth(by: 0xD251_1F53)
      let second = counter.z.multipliedFullWidth(by: 0xCD9E_8D57)
      counter = SIMD4(
        second.high ^ counter.y ^ key.x, second.low,
        first.high ^ counter.w ^ key.y, first.low)
      key &+= SIMD2(0x9E37_79B9, 0xBB67_AE85)
    }
    return counter
  }
}
