import CounterRandom
import Foundation

/// Makes sound of syllables: glottal pulses and noise through the resonances of a vocal tract.
///
/// - Source: D. Klatt, "Software for a cascade/parallel formant synthesizer", Journal of the Acoustical
///   Society of America 67(3), 1980; the pulse is A. Rosenberg's, ibid. 49, 1971, differentiated.
struct VoiceSynthesizer {
  /// In Hz.
  static let rate = 16_000
  /// Samples for which the tract stands still: 5 ms.
  private static let blockLength = 80

  private let speaker: Speaker
  private var random: CounterRandom
  private var glottis = Glottis()
  private var tract = [Resonator](repeating: Resonator(), count: 5)
  private var constriction = Resonator()
  /// Of the block before: formants, voice, air and friction move, they do not jump.
  private var formants: SIMD4<Float>
  private var levels = SIMD4<Float>()

  init(_ speaker: Speaker, noise random: CounterRandom) {
    self.speaker = speaker
    self.random = random
    formants = Vowel.but.formants * speaker.formants
  }

  /// Speaks.
  ///
  /// - Parameters:
  ///   - syllables: in the order of time.
  ///   - seconds: how long the recording is.
  /// - Returns: 16 kHz, mono.
  mutating func speak(_ syllables: [Syllable], seconds: Float) -> [Float] {
    let count = Int(seconds * Float(Self.rate))
    var samples = [Float](repeating: 0, count: count)
    var place = 0
    for first in stride(from: 0, to: count, by: Self.blockLength) {
      let time = Float(first) / Float(Self.rate)
      while place < syllables.count && syllables[place].end <= time { place += 1 }
      let syllable =
        place < syllables.count && syllables[place].start <= time
        ? syllables[place] : nil
      let last = min(count, first + Self.blockLength)
      samples.withUnsafeMutableBufferPointer { samples in
        fill(
          UnsafeMutableBufferPointer(rebasing: samples[first..<last]), with: syllable, at: time)
      }
    }
    return samples
  }

  private mutating func fill(
    _ block: UnsafeMutableBufferPointer<Float>, with syllable: Syllable?, at time: Float
  ) {
    let targets = syllable.map { $0.levels(at: time, breath: speaker.breath) } ?? .zero
    shape(for: syllable)
    if let syllable { glottis.set(speaker, syllable, at: time) }
    let step = (targets - levels) * (1 / Float(Self.blockLength))
    for index in block.indices {
      levels += step
      let noise = 2 * random.uniform() - 1
      let flow = glottis.next(random: &random)
      var sound = levels.x * flow + levels.y * noise * (glottis.isOpen ? 1 : 0.35)
      for formant in 0..<5 { sound = tract[formant].next(sound) }
      block[index] = sound + constriction.next(levels.z * noise)
    }
    levels = targets
  }

  /// Moves the tract towards a syllable's vowel.
  private mutating func shape(for syllable: Syllable?) {
    if let syllable {
      let widened =
        SIMD4<Float>(
          1 + 0.16 * syllable.manner[.opening], 1, 1, 1) * (1 + 0.05 * syllable.manner[.smile])
      let target = syllable.vowel.formants * speaker.formants * widened
      formants += 0.22 * (target - formants)
      constriction.tune(frequency: syllable.noiseFrequency + 300, bandwidth: 900)
    }
    let bandwidths = SIMD4<Float>(70, 90, 130, 200)
    for formant in 0..<4 {
      tract[formant].tune(
        frequency: min(formants[formant], 7200), bandwidth: bandwidths[formant])
    }
    tract[4].tune(frequency: min(4400 * speaker.formants.w, 7400), bandwidth: 300)
  }
}

extension Syllable {
  /// How strong voice, air and friction are at a time.
  fileprivate func levels(at time: Float, breath: Float) -> SIMD4<Float> {
    let air = max(0.01, breath + manner[.breath])
    let inside = time - start
    if inside < consonantDuration {
      return switch consonant {
      case .none: .zero
      case .plosive:
        inside < 0.55 * consonantDuration ? .zero : SIMD4(0, 0.5 * level, 0.4 * level, 0)
      case .voicedPlosive:
        inside < 0.7 * consonantDuration
          ? SIMD4(0.15 * level, 0, 0, 0) : SIMD4(0.5 * level, 0, 0.25 * level, 0)
      case .fricative: SIMD4(0, 0, 0.35 * level, 0)
      case .sonorant: SIMD4(0.4 * level, 0.2 * air * level, 0, 0)
      }
    }
    let part = (inside - consonantDuration) / max(duration - consonantDuration, 0.01)
    let swell = min(1, 6 * part + 0.3) * min(1, 5 * (1 - part) + 0.15)
    return SIMD4(swell * level * (1 - 0.4 * min(air, 1)), swell * level * air, 0, 0)
  }
}
