/// A vowel by its formants.
struct Vowel: Sendable {
  /// Of a man's voice, in Hz.
  let formants: SIMD4<Float>
  /// How far the mouth is open: 0 to 1.
  let opening: Float

  private init(_ first: Float, _ second: Float, _ third: Float, opening: Float) {
    formants = SIMD4(first, second, third, 3500)
    self.opening = opening
  }

  // Source: G. Peterson and H. Barney, "Control methods used in a study of the vowels", 1952.
  static let beat = Vowel(270, 2290, 3010, opening: 0.3)
  static let bit = Vowel(390, 1990, 2550, opening: 0.4)
  static let bet = Vowel(530, 1840, 2480, opening: 0.6)
  static let bat = Vowel(660, 1720, 2410, opening: 0.85)
  static let bought = Vowel(570, 840, 2410, opening: 0.7)
  static let bother = Vowel(730, 1090, 2440, opening: 1)
  static let but = Vowel(640, 1190, 2390, opening: 0.65)
  static let boot = Vowel(300, 870, 2240, opening: 0.25)
  static let bird = Vowel(490, 1350, 1690, opening: 0.45)

  static let all = [beat, bit, bet, bat, bought, bother, but, boot, bird]
}

/// What a syllable begins with.
enum Consonant: CaseIterable, Sendable {
  case none, plosive, voicedPlosive, fricative, sonorant

  /// In seconds, at an even rate.
  var duration: Float {
    switch self {
    case .none: 0
    case .plosive: 0.075
    case .voicedPlosive: 0.055
    case .fricative: 0.09
    case .sonorant: 0.06
    }
  }
}

/// One syllable, with when and how it is spoken.
struct Syllable: Sendable {
  var consonant: Consonant
  /// In Hz, where its noise is strongest.
  var noiseFrequency: Float
  var vowel: Vowel
  /// In seconds.
  var start: Float
  /// In seconds.
  var consonantDuration: Float
  /// In seconds, with the consonant.
  var duration: Float
  /// In Hz, at its two ends.
  var pitch: (Float, Float)
  /// Of full scale.
  var level: Float
  var manner: VoiceManner

  var end: Float { start + duration }

  /// How far the mouth is open at a time, 0 to 1.
  func mouth(at time: Float) -> Float {
    let part = (time - start - 0.5 * consonantDuration) / (duration - 0.5 * consonantDuration)
    guard part > 0 && part < 1 else { return 0 }
    return vowel.opening * min(1, 4 * part * (1 - part) * 1.3)
  }
}
