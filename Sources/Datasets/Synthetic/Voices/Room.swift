import CounterRandom
import Foundation

/// What comes between a voice and its recording.
struct Room {
  private let gain: Float
  /// Of full scale.
  private let noise: Float
  /// How dull the microphone is, and how dull its noise.
  private let dulling: Float
  private let noiseDulling: Float
  /// The wall's echo: strength and delay in samples.
  private let echo: Float
  private let echoDelay: Int

  /// - Parameter random: whatever differs between recordings follows from it.
  init(from random: inout CounterRandom) {
    gain = pow(10, 2.2 * random.bell() / 20)
    noise = pow(10, random.uniform(in: (-62)...(-48)) / 20)
    dulling = random.uniform(in: 0...0.35)
    noiseDulling = random.uniform(in: 0...0.85)
    echo = random.uniform(in: 0...0.3)
    echoDelay = 40 + random.integer(below: 400)
  }

  /// Records a voice.
  ///
  /// - Parameter random: the noise.
  func record(_ voice: inout [Float], noise random: inout CounterRandom) {
    var (heard, hum): (Float, Float) = (0, 0)
    // Forwards, so that the echo has echoes.
    for index in voice.indices {
      let reflected = index >= echoDelay ? echo * voice[index - echoDelay] : 0
      heard = (1 - dulling) * (gain * voice[index] + reflected) + dulling * heard
      hum = (1 - noiseDulling) * (2 * random.uniform() - 1) + noiseDulling * hum
      voice[index] = min(max(heard + noise * hum, -1), 1)
    }
  }
}
