import CounterRandom
import Foundation

/// What stays the same over all that one person says.
struct Speaker: Sendable {
  /// Of the even voice, in Hz.
  let pitch: Float
  /// Semitones that an accent moves it.
  let range: Float
  /// Factors on the four lowest formants: the length of the vocal tract, and its own shape.
  let formants: SIMD4<Float>
  /// Syllables a second.
  let rate: Float
  let breath: Float
  let tension: Float
  /// How much periods differ in length and strength at rest, relatively.
  let jitter: Float
  /// The even voice of one is the sad voice of another.
  let habit: VoiceManner
  /// How strongly, trait by trait, emotions show.
  private let expressiveness: VoiceManner

  /// The speaker of a number: a pure function of its arguments.
  init(seed: UInt64, number: Int, isFemale: Bool) {
    var random = CounterRandom(seed: seed, stream: .speaker, index: number)
    pitch = (isFemale ? 196 : 112) * exp2(0.16 * random.bell())
    range = random.uniform(in: 1.3...2.6)
    let tract = (isFemale ? 1.16 : 1) * (1 + 0.035 * random.bell())
    formants = SIMD4(
      tract * (1 + 0.04 * random.bell()), tract * (1 + 0.04 * random.bell()),
      tract * (1 + 0.03 * random.bell()), tract * (1 + 0.03 * random.bell()))
    rate = random.uniform(in: 4.1...5.4)
    breath = random.uniform(in: 0.04...0.2)
    tension = 0.14 * random.bell()
    jitter = random.uniform(in: 0.004...0.014)
    habit = .random(scale: 0.3, from: &random)
    var expressiveness = VoiceManner()
    let overall = 1 + 0.15 * random.bell()
    for trait in VoiceManner.Trait.allCases {
      expressiveness[trait] = max(0.2, overall * (1 + 0.3 * random.bell()))
    }
    self.expressiveness = expressiveness
  }

  /// A manner as this speaker has it.
  func own(_ manner: VoiceManner) -> VoiceManner { habit + manner * expressiveness }
}
