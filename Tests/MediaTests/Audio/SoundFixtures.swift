import Foundation

@testable import Media

/// Recordings made by `Fixtures/Audio/make_sounds.py`, and made here.
enum SoundFixtures {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fixtures/Audio")

  static func path(_ name: String) -> String { folder.appending(path: name).path }

  /// The sound that the recordings hold, 0 before its start and after its end.
  static func chirp(at time: Double, seconds: Double = 1.5) -> Float {
    if time < 0 || time >= seconds { return 0 }
    return Float(0.5 * sin(2 * .pi * (200 * time + 500 * time * time)))
  }

  /// A recording of `channels` sines of one frequency, of amplitudes 0.5 to 0.75: their mean is
  /// returned by `mean`.
  static func writeSine(
    to path: String, hertz: Double, rate: Int, channels: Int, seconds: Double = 0.4
  ) throws {
    let writer = try WAVWriter(path, rate: rate, channels: channels, sampleType: .float32)
    var samples: [Float] = []
    for frame in 0..<Int(seconds * Double(rate)) {
      let value = sin(2 * .pi * hertz * Double(frame) / Double(rate))
      for channel in 0..<channels {
        samples.append(Float((0.5 + 0.25 * Double(channel) / Double(channels)) * value))
      }
    }
    try writer.write(samples)
    try writer.close()
  }

  /// The amplitude of the mean of the channels that `writeSine` writes.
  static func meanAmplitude(channels: Int) -> Double {
    0.5 + 0.25 * Double(channels - 1) / Double(2 * channels)
  }

  /// 32-bit noise of a fixed seed, without any library's help.
  static func noise(_ count: Int, seed: UInt32 = 1) -> [Float] {
    var state = seed
    return (0..<count).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return Float(Double(state) / 0x1p31 - 1)
    }
  }
}

/// A folder for one test, removed at its end.
final class SoundScratch {
  let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)

  init() throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func path(_ name: String) -> String { folder.appending(path: name).path }

  func file(_ name: String, _ content: some Sequence<UInt8>) throws -> String {
    try Data(content).write(to: folder.appending(path: name))
    return path(name)
  }
}

func decibels(_ ratio: Double) -> Double { 20 * log10(max(ratio, 1e-12)) }

func rootMeanSquare(_ samples: some Collection<Float>) -> Double {
  (samples.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(max(1, samples.count)))
    .squareRoot()
}
