import CounterRandom

/// What somebody feels over the time of a clip, and how much of it shows where.
///
/// The face shows valence well and arousal poorly, the voice the other way round, each with a noise of
/// its own that is as slow as what it hides: no averaging over time removes it, only the other modality
/// helps.
struct ClipAffect: Sendable {
  /// Valence and arousal.
  private typealias Pair = (valence: SmoothSignal, arousal: SmoothSignal)

  private let truth: Pair
  /// What the face adds to it.
  private let face: Pair
  /// What the voice adds to it.
  private let voice: Pair

  /// Seconds of one swing; slower than annotators are late.
  private static let periods: ClosedRange<Float> = 7...45
  private static let deviation: Float = 0.34
  /// Deviations of what is shown from what is felt.
  private static let clear: Float = 0.24
  private static let veiled: Float = 0.42

  init(seed: UInt64, clip: Int) {
    var random = CounterRandom(seed: seed, stream: .trace, index: clip)
    func signal(_ deviation: Float, offset: Float = 0) -> SmoothSignal {
      SmoothSignal(
        deviation: deviation, offset: offset, periods: Self.periods, from: &random)
    }
    truth = (
      signal(Self.deviation, offset: 0.1 * random.bell() + 0.05),
      signal(Self.deviation, offset: 0.1 * random.bell())
    )
    face = (signal(Self.clear), signal(Self.veiled))
    voice = (signal(Self.veiled), signal(Self.clear))
  }

  /// What is felt at a time in seconds: valence and arousal, −1 to 1.
  func felt(at time: Float) -> SIMD2<Float> { limited(values(truth, time)) }

  /// What the face shows of it.
  func faceShows(at time: Float) -> SIMD2<Float> {
    limited(values(truth, time) + values(face, time))
  }

  /// What the voice lets hear of it.
  func voiceShows(at time: Float) -> SIMD2<Float> {
    limited(values(truth, time) + values(voice, time))
  }

  private func values(_ pair: Pair, _ time: Float) -> SIMD2<Float> {
    SIMD2(pair.valence.value(at: time), pair.arousal.value(at: time))
  }

  private func limited(_ affect: SIMD2<Float>) -> SIMD2<Float> {
    affect.clamped(lowerBound: SIMD2(repeating: -1), upperBound: SIMD2(repeating: 1))
  }
}
