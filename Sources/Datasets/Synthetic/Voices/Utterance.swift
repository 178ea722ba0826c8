import CounterRandom
import Media

/// One utterance of an actor.
struct Utterance {
  let actor: Int
  let emotion: VocalEmotion
  let isStrong: Bool
  /// 1 or 2, as is `repetition`.
  let statement: Int
  let repetition: Int
  private let seed: UInt64
  private let index: Int

  /// - Parameter number: of the actor's utterances, up to 59.
  init(seed: UInt64, actor: Int, number: Int) {
    self.seed = seed
    self.actor = actor
    index = actor << 16 + number
    // Rounds of 15, each in its own order: all emotions come in every part of a small set.
    let choices = ShuffledRounds(Self.choices, seed: seed, firstIndex: actor << 40)
    (emotion, isStrong) = choices[number]
    let round = number / Self.choices.count
    statement = round % 2 + 1
    repetition = round / 2 + 1
  }

  private static let choices: [(VocalEmotion, Bool)] =
    VocalEmotion.allCases.map { ($0, false) }
    + VocalEmotion.allCases.filter { $0 != .neutral }.map { ($0, true) }

  /// Modality, channel, emotion, strength, statement, repetition, actor.
  var fileName: String {
    let fields = [3, 1, emotion.rawValue + 1, isStrong ? 2 : 1, statement, repetition, actor]
    return fields.map { padded($0, 2) }.joined(separator: "-") + ".wav"
  }

  /// The sound, 16 kHz.
  func samples() -> [Float] {
    // Odd actors are men, as in RAVDESS.
    let speaker = Speaker(seed: seed, number: actor, isFemale: actor.isMultiple(of: 2))
    var random = CounterRandom(seed: seed, stream: .utterance, index: index)
    let strength = (isStrong ? 1.2 : 0.85) * (1 + 0.12 * random.bell())
    let manner =
      speaker.own(emotion.manner * strength) + .random(scale: 0.45, from: &random)
    let silence = random.uniform(in: 0.3...0.7)
    let syllables = Phrase.spoken(
      Phrase.statements[statement - 1], by: speaker, from: silence, manner: { _ in manner },
      random: &random)
    let end = (syllables.last?.end ?? silence) + random.uniform(in: 0.3...0.7)
    var synthesizer = VoiceSynthesizer(speaker, noise: random)
    var samples = synthesizer.speak(syllables, seconds: end)
    var room = CounterRandom(seed: seed, stream: .room, index: index)
    Room(from: &room).record(&samples, noise: &room)
    return samples
  }
}

extension Utterance {
  /// Writes the sound as a WAV file.
  ///
  /// - Throws: `MediaError`.
  func write(to file: String) throws {
    let writer = try WAVWriter(file, rate: VoiceSynthesizer.rate)
    try writer.write(samples())
    try writer.close()
  }
}
