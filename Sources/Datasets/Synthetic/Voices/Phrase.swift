import CounterRandom
import Foundation

/// Puts syllables into time and pitch.
struct Phrase {
  /// A syllable as it is written.
  struct Written: Sendable {
    var consonant: Consonant
    /// In Hz.
    var noiseFrequency: Float
    var vowel: Vowel
    var isStressed: Bool

    init(
      _ consonant: Consonant, _ vowel: Vowel, noise noiseFrequency: Float = 0,
      stressed: Bool = false
    ) {
      self.consonant = consonant
      self.noiseFrequency = noiseFrequency
      self.vowel = vowel
      isStressed = stressed
    }

    /// Any syllable.
    init(from random: inout CounterRandom) {
      self.init(
        Consonant.allCases[random.integer(below: Consonant.allCases.count)],
        Vowel.all[random.integer(below: Vowel.all.count)],
        noise: random.uniform(in: 1500...6000),
        stressed: random.uniform() < 0.4)
    }
  }

  /// The two statements of RAVDESS: "Kids are talking by the door", "Dogs are sitting by the door".
  static let statements: [[Written]] = [
    [
      Written(.plosive, .bit, noise: 2200, stressed: true), Written(.none, .bird),
      Written(.plosive, .bought, noise: 4200, stressed: true), Written(.plosive, .bit, noise: 2300),
      Written(.voicedPlosive, .bother, noise: 900), Written(.sonorant, .but),
      Written(.voicedPlosive, .bought, noise: 3200, stressed: true),
    ],
    [
      Written(.voicedPlosive, .bother, noise: 3200, stressed: true), Written(.none, .bird),
      Written(.fricative, .bit, noise: 5600, stressed: true),
      Written(.voicedPlosive, .bit, noise: 3600),
      Written(.voicedPlosive, .bother, noise: 900), Written(.sonorant, .but),
      Written(.voicedPlosive, .bought, noise: 3200, stressed: true),
    ],
  ]

  /// Full scale has room for the loudest.
  private static let evenLevel: Float = 0.022

  /// - Parameters:
  ///   - start: in seconds.
  ///   - manner: at a time, in seconds.
  static func spoken(
    _ written: [Written], by speaker: Speaker, from start: Float, manner: (Float) -> VoiceManner,
    random: inout CounterRandom
  ) -> [Syllable] {
    var time = start
    var pitchBefore: Float?
    return written.indices.map { place in
      let isLast = place == written.count - 1
      let own = manner(time)
      let stress: Float = written[place].isStressed ? 1 : 0
      let slowness = exp(-own[.rate])
      let consonant = written[place].consonant.duration * slowness
      let length = (0.8 + 0.4 * stress + (isLast ? 0.5 : 0)) * (1 + 0.1 * random.bell())
      let duration = consonant + max(0.06, length * slowness * (1 / speaker.rate - 0.05))
      let position = (Float(place) + 0.5) / Float(written.count) - 0.5
      let accent = speaker.range * exp(own[.range]) * (1.3 * stress - 0.5 + 0.35 * random.bell())
      let target = own[.pitch] + accent + (own[.slope] - 1.5) * position
      // Slopes are heard at the end of a phrase more than in it.
      let end = target + (isLast ? 0.8 * own[.slope] - 1 : 0.3 * random.bell())
      let decibels = own[.energy] + 2 * stress + 0.7 * random.bell() - (isLast ? 2 : 0)
      defer {
        time += duration
        pitchBefore = end
      }
      return Syllable(
        consonant: written[place].consonant, noiseFrequency: written[place].noiseFrequency,
        vowel: written[place].vowel, start: time, consonantDuration: consonant, duration: duration,
        pitch: (
          speaker.pitch * exp2((0.5 * (target + (pitchBefore ?? target))) / 12),
          speaker.pitch * exp2(end / 12)
        ),
        level: evenLevel * pow(10, decibels / 20), manner: own)
    }
  }
}
