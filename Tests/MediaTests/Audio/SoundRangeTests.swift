import Foundation
import Testing

@testable import Media

@Suite struct SoundRangeTests {
  private static let ranges: [Range<Double>] = [
    0..<0.1, 0.0001..<0.3, 0.05..<0.05, 0.4..<1.1, 0.9..<9, 1.2999..<1.3, 3..<4,
    1e8..<1e9, 0..<1e300,
  ]

  private func slice(_ samples: [Float], _ range: Range<Double>) -> [Float] {
    let bounds = [range.lowerBound, range.upperBound].map {
      min(samples.count, Int((min($0, 1e6) * 16_000).rounded()))
    }
    return Array(samples[bounds[0]..<bounds[1]])
  }

  @Test(arguments: [8_000, 16_000, 22_050, 44_100, 44_099, 48_000, 96_000])
  func rangesHaveTheBitsOfTheWhole(rate: Int) throws {
    let scratch = try SoundScratch()
    let writer = try WAVWriter(scratch.path("noise.wav"), rate: rate, sampleType: .float32)
    try writer.write(SoundFixtures.noise(rate * 3 / 2))
    try writer.close()
    try expectRangesOfWhole(scratch.path("noise.wav"))
  }

  @Test(arguments: ["chirp.flac", "chirp.ogg", "chirp.webm", "chirp.mp3", "chirp.m4a", "late.ts"])
  func rangesOfCompressedSoundHaveTheBitsOfTheWhole(name: String) throws {
    try expectRangesOfWhole(SoundFixtures.path(name))
  }

  private func expectRangesOfWhole(_ path: String) throws {
    let reader = AudioReader()
    try reader.open(path)
    let whole = try reader.read()
    for range in Self.ranges.shuffled() {
      #expect(try reader.read(seconds: range) == slice(whole, range), "\(range)")
    }
  }

  @Test(arguments: ["chirp.flac", "chirp.webm", "late.mp4"])
  func consecutiveRangesMakeTheWhole(name: String) throws {
    let reader = AudioReader()
    try reader.open(SoundFixtures.path(name))
    let whole = try reader.read()
    var joined: [Float] = []
    for step in 0..<30 {
      joined += try reader.read(seconds: Double(step) / 10..<Double(step + 1) / 10)
    }
    #expect(joined == whole)
  }

  /// In MP4 a late range is decoded from a second ahead; AAC's noise substitution is all that may
  /// differ.
  @Test func lateRangesOfMP4AreInTheirPlace() throws {
    let reader = AudioReader()
    try reader.open(SoundFixtures.path("long.m4a"))
    let whole = try reader.read()
    let range = 4.3..<5.1
    let part = try reader.read(seconds: range)
    let expected = slice(whole, range)
    try #require(part.count == expected.count)
    let difference = rootMeanSquare(zip(part, expected).map { $0 - $1 })
    print("AAC decoded from a second ahead: \(decibels(difference / rootMeanSquare(expected))) dB")
    #expect(difference < 1e-3 * rootMeanSquare(expected))
    // What was read before must not matter.
    _ = try reader.read(seconds: 3..<4.3)
    #expect(try reader.read(seconds: range) == part)
  }

  @Test(arguments: [-1.0, -0.0001, .infinity, 1e300])
  func rangesThatNoRecordingHasAreRefused(start: Double) throws {
    let reader = AudioReader()
    let path = SoundFixtures.path("chirp.flac")
    try reader.open(path)
    let upper = start.isInfinite ? start : start + 1e290
    #expect(throws: MediaError.soundRange(file: path, lower: start, upper: upper)) {
      try reader.read(seconds: start..<upper)
    }
  }

  @Test func lengthIsLimited() throws {
    let reader = AudioReader()
    let path = SoundFixtures.path("chirp.flac")
    try reader.open(path)
    #expect(try reader.read(limitSeconds: 1.5).count == 24_000)
    #expect(throws: MediaError.soundTooLong(file: path, limitSeconds: 1.4999)) {
      try reader.read(limitSeconds: 1.4999)
    }
  }
}
