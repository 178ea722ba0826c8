import CounterRandom
import Foundation

/// The voice's source: pulses of air, differentiated as they leave the lips.
struct Glottis {
  private static let samplePeriod = 1 / Float(VoiceSynthesizer.rate)

  /// Where in its period it is: 0 to 1.
  private var phase: Float = 0
  private var frequency: Float = 100
  private var openPart: Float = 0.6
  private var jitter: Float = 0
  /// How much of the last sample stays: the harmonics fall off the more.
  private var dulling: Float = 0.5
  private var tremor: Float = 0
  private var tremorPhase: Float = 0
  /// Of this period, relative to the others.
  private var length: Float = 1
  private var strength: Float = 1
  private var before: Float = 0

  var isOpen: Bool { phase < openPart }

  /// Sets what holds for the next few milliseconds.
  mutating func set(_ speaker: Speaker, _ syllable: Syllable, at time: Float) {
    let part = min(max((time - syllable.start) / syllable.duration, 0), 1)
    frequency = syllable.pitch.0 + (syllable.pitch.1 - syllable.pitch.0) * part
    let tension = speaker.tension + syllable.manner[.tension]
    openPart = min(max(0.6 - 0.14 * tension, 0.35), 0.85)
    dulling = min(max(0.62 - 0.36 * tension, 0.1), 0.92)
    jitter = min(max(speaker.jitter + 0.022 * syllable.manner[.roughness], 0.002), 0.06)
    tremor = max(0, syllable.manner[.tremor])
  }

  mutating func next(random: inout CounterRandom) -> Float {
    tremorPhase += 6.2 * Self.samplePeriod
    let shaken = frequency * (1 + 0.035 * tremor * sin(2 * .pi * tremorPhase))
    let step = shaken * length * Self.samplePeriod
    phase += step
    if phase >= 1 {
      phase -= 1
      length = 1 + jitter * random.bell()
      strength = max(0.2, 1 + 2.5 * jitter * random.bell())
    }
    before = pulse(step) * strength * (1 - dulling) + before * dulling
    return before
  }

  /// The flow's slope, its jump at the closing smoothed over two samples, against aliasing.
  ///
  /// - Source: V. Välimäki and A. Huovilainen, "Antialiasing oscillators in subtractive synthesis", 2007.
  private func pulse(_ step: Float) -> Float {
    let part = phase / openPart
    let slope = part < 1 ? part * (2 - 3 * part) : 0
    let distance = (phase - openPart) / step
    guard abs(distance) < 1 else { return slope }
    let smoothing =
      distance < 0
      ? 0.5 * (distance + 1) * (distance + 1) : -0.5 * (1 - distance) * (1 - distance)
    return slope + smoothing
  }
}

/// A resonance: a filter of second order whose gain at 0 Hz is 1.
struct Resonator {
  private var gain: Float = 1
  private var first: Float = 0
  private var second: Float = 0
  private var before = SIMD2<Float>()

  /// - Parameters: in Hz.
  mutating func tune(frequency: Float, bandwidth: Float) {
    let period = 1 / Float(VoiceSynthesizer.rate)
    let decay = exp(-.pi * bandwidth * period)
    second = -decay * decay
    first = 2 * decay * cos(2 * .pi * frequency * period)
    gain = 1 - first - second
  }

  @inline(__always)
  mutating func next(_ sample: Float) -> Float {
    let sum = gain * sample + first * before.x + second * before.y
    before = SIMD2(sum, before.x)
    return sum
  }
}
