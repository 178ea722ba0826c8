import Foundation
import Testing

@testable import Media

@Suite struct ResamplingTests {
  static let rates = [8_000, 11_025, 22_050, 44_100, 48_000, 96_000]

  /// The samples in the middle, where neither end of the sine is near.
  private func resampledSine(_ hertz: Double, rate: Int, channels: Int) throws -> ArraySlice<Float>
  {
    let scratch = try SoundScratch()
    let path = scratch.path("sine.wav")
    try SoundFixtures.writeSine(
      to: path, hertz: hertz, rate: rate, channels: channels,
      seconds: 0.2)
    let reader = AudioReader()
    let header = try reader.open(path)
    #expect(header.rate == rate && header.channels == channels)
    let samples = try reader.read()
    #expect(samples.count == 3200)
    return samples[800..<2400]
  }

  /// Frequencies up to 0.94 of the lower Nyquist frequency keep amplitude and phase.
  @Test(arguments: rates, [1, 2, 6])
  func sinesBelowTheBandEdgeStayWhatTheyAre(rate: Int, channels: Int) throws {
    let amplitude = SoundFixtures.meanAmplitude(channels: channels)
    var largest = 0.0
    for part in [0.0125, 0.1, 0.37, 0.625, 0.9375] {
      let hertz = part * Double(min(rate, 16_000)) / 2
      let samples = try resampledSine(hertz, rate: rate, channels: channels)
      for index in samples.indices {
        let expected = amplitude * sin(2 * .pi * hertz * Double(index) / 16_000)
        largest = max(largest, abs(Double(samples[index]) - expected) / amplitude)
      }
    }
    print("resampling \(rate) Hz, \(channels) channels: off by \(decibels(largest)) dB of the sine")
    #expect(largest < 1e-4)
  }

  /// What lies above the new Nyquist frequency must not come back as another tone.
  @Test(arguments: rates.filter { $0 > 16_000 })
  func soundAboveTheBandIsSilenced(rate: Int) throws {
    var loudest = 0.0
    for hertz in [8_000.0, 8_100, 9_000, 10_500, 15_900, 20_000, 24_100, 40_000]
    where hertz < 0.49 * Double(rate) {
      let samples = try resampledSine(hertz, rate: rate, channels: 1)
      loudest = max(loudest, rootMeanSquare(samples) / 0.5 * 2.0.squareRoot())
    }
    print("resampling \(rate) Hz: aliases at \(decibels(loudest)) dB of the sine")
    #expect(decibels(loudest) < -85)
  }

  /// Mirror images of a low tone above the old Nyquist frequency are what upsampling could add.
  @Test func upsamplingAddsNoImages() throws {
    let samples = try resampledSine(3_000, rate: 8_000, channels: 1)
    // The image of 3 kHz is 5 kHz; 1 600 samples hold 500 whole periods of it.
    var (real, imaginary) = (0.0, 0.0)
    for (index, sample) in samples.enumerated() {
      real += Double(sample) * cos(2 * .pi * 5_000 * Double(index) / 16_000)
      imaginary += Double(sample) * sin(2 * .pi * 5_000 * Double(index) / 16_000)
    }
    let image = 2 * (real * real + imaginary * imaginary).squareRoot() / Double(samples.count)
    #expect(decibels(image / 0.5) < -90)
  }

  @Test func sameRateIsLeftAlone() throws {
    let scratch = try SoundScratch()
    let noise = SoundFixtures.noise(5_000)
    let writer = try WAVWriter(scratch.path("noise.wav"), rate: 16_000, sampleType: .float32)
    try writer.write(noise)
    try writer.close()
    let reader = AudioReader()
    try reader.open(scratch.path("noise.wav"))
    #expect(try reader.read() == noise)
  }

  /// 44 099 Hz has no common factor with 16 kHz: the filters are interpolated.
  @Test func oddRatesAreResampledAsWell() throws {
    let samples = try resampledSineOfOddRate()
    for index in samples.indices.dropFirst(2400).dropLast(2400) {
      let expected = 0.5 * sin(2 * .pi * 1_000 * Double(index) / 16_000)
      #expect(abs(Double(samples[index]) - expected) < 1e-4)
    }
  }

  private func resampledSineOfOddRate() throws -> [Float] {
    let scratch = try SoundScratch()
    let path = scratch.path("sine.wav")
    try SoundFixtures.writeSine(to: path, hertz: 1_000, rate: 44_099, channels: 1)
    let reader = AudioReader()
    try reader.open(path)
    return try reader.read()
  }

  /// The last sample is the last one before the end of the recording.
  @Test(arguments: [1, 2, 100, 159, 160, 161, 441, 1_000])
  func evenTheShortestRecordingHasItsLength(frames: Int) throws {
    let scratch = try SoundScratch()
    let writer = try WAVWriter(scratch.path("short.wav"), rate: 44_100)
    try writer.write([Float](repeating: 0.5, count: frames))
    try writer.close()
    let reader = AudioReader()
    try reader.open(scratch.path("short.wav"))
    #expect(try reader.read().count == (frames * 160 + 440) / 441)
  }
}
