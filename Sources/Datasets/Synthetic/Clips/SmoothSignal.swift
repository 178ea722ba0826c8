import CounterRandom
import Foundation

/// A smooth function of time, defined for all of it: a sum of waves with random phases.
struct SmoothSignal: Sendable {
  private var waves: [(angularFrequency: Float, phase: Float, amplitude: Float)]
  private let offset: Float

  private static let waveCount = 8

  /// - Parameters:
  ///   - deviation: the root mean square around the offset, over a long time.
  ///   - periods: of the waves, in seconds; slow ones are the stronger.
  init(
    deviation: Float, offset: Float = 0, periods: ClosedRange<Float>,
    from random: inout CounterRandom
  ) {
    self.offset = offset
    let ratio = log(periods.upperBound / periods.lowerBound)
    waves = []
    for number in 0..<Self.waveCount {
      let position = (Float(number) + random.uniform()) / Float(Self.waveCount)
      let period = periods.lowerBound * exp(ratio * position)
      waves.append((2 * .pi / period, random.uniform(in: 0...(2 * .pi)), pow(period, 0.4)))
    }
    let power = waves.reduce(0) { $0 + $1.amplitude * $1.amplitude / 2 }
    for index in waves.indices { waves[index].amplitude *= deviation / power.squareRoot() }
  }

  /// The value at a time, in seconds.
  func value(at time: Float) -> Float {
    waves.reduce(offset) { $0 + $1.amplitude * sin($1.angularFrequency * time + $1.phase) }
  }
}
