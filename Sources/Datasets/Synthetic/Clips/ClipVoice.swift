import CounterRandom

/// What somebody says in a clip: phrases of any syllables, with pauses.
struct ClipVoice: Sendable {
  let syllables: [Syllable]
  private let speaker: Speaker
  /// What the sound's noise is drawn from.
  private let random: CounterRandom

  /// - Parameters:
  ///   - number: of the speaker, unique over all sets.
  ///   - affect: what the voice lets hear at a time: valence and arousal.
  init(
    seed: UInt64, number: Int, isFemale: Bool, seconds: Float, affect: (Float) -> SIMD2<Float>
  ) {
    let speaker = Speaker(seed: seed, number: number, isFemale: isFemale)
    var random = CounterRandom(seed: seed, stream: .utterance, index: number)
    var syllables: [Syllable] = []
    var time = random.uniform(in: 0.2...1)
    while time < seconds {
      let written = (0..<(4 + random.integer(below: 8))).map { _ in Phrase.Written(from: &random) }
      let slip = VoiceManner.random(scale: 0.2, from: &random)
      syllables += Phrase.spoken(
        written, by: speaker, from: time,
        manner: { time in
          let heard = affect(time)
          return speaker.own(VoiceManner(valence: heard.x, arousal: heard.y)) + slip
        }, random: &random)
      time = (syllables.last?.end ?? time) + random.uniform(in: 0.25...0.9)
    }
    self.speaker = speaker
    self.syllables = syllables
    self.random = random
  }

  /// The recording, 16 kHz.
  func samples(seconds: Float) -> [Float] {
    var synthesizer = VoiceSynthesizer(speaker, noise: random)
    var samples = synthesizer.speak(syllables, seconds: seconds)
    var room = random
    Room(from: &room).record(&samples, noise: &room)
    return samples
  }
}
