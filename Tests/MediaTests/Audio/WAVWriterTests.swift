import Foundation
import Testing

@testable import Media

@Suite struct WAVWriterTests {
  private func roundTrip(
    _ samples: [Float], _ sampleType: WAVWriter.SampleType, channels: Int = 1
  ) throws -> [Float] {
    let scratch = try SoundScratch()
    let writer = try WAVWriter(
      scratch.path("a.wav"), rate: 16_000, channels: channels, sampleType: sampleType)
    try writer.write(samples)
    try writer.close()
    let reader = AudioReader()
    #expect(try reader.open(scratch.path("a.wav")).channels == channels)
    return try reader.read()
  }

  @Test func floatsComeBackAsTheyWere() throws {
    let samples: [Float] = [0, 1, -1, 0.1, 1.5, -3, .leastNormalMagnitude]
    #expect(try roundTrip(samples, .float32) == samples)
  }

  @Test func integersAreRoundedAndClipped() throws {
    let step: Float = 1 / 32768
    let samples: [Float] = [0, step, 0.4 * step, 0.6 * step, -1, 1, 2, -2, 0.5]
    let expected: [Float] = [0, step, 0, step, -1, 1 - step, 1 - step, -1, 0.5]
    #expect(try roundTrip(samples, .int16) == expected)
  }

  @Test func channelsAreAveraged() throws {
    #expect(try roundTrip([1, 0, 0.5, -0.5], .float32, channels: 2) == [0.5, 0])
  }

  @Test(arguments: [WAVWriter.SampleType.int16, .float32])
  func sameSamplesGiveTheSameBytes(sampleType: WAVWriter.SampleType) throws {
    let scratch = try SoundScratch()
    var contents: [Data] = []
    for name in ["a.wav", "b.wav"] {
      let writer = try WAVWriter(scratch.path(name), rate: 16_000, sampleType: sampleType)
      try writer.write(SoundFixtures.noise(1_000))
      try writer.close()
      contents.append(try Data(contentsOf: scratch.folder.appending(path: name)))
      // What a clock writes into a file is whole seconds.
      if contents.count == 1 { Thread.sleep(forTimeInterval: 1.1) }
    }
    #expect(contents[0] == contents[1])
  }

  @Test func folderThatIsNotThereIsNamed() {
    #expect(
      throws: MediaError.unwritable(file: "/nowhere/a.wav", reason: "No such file or directory")
    ) {
      try WAVWriter("/nowhere/a.wav", rate: 16_000)
    }
  }

  @Test(arguments: [Float.nan, .infinity])
  func onlyNumbersAreWritten(sample: Float) throws {
    let scratch = try SoundScratch()
    let writer = try WAVWriter(scratch.path("a.wav"), rate: 16_000)
    #expect(throws: MediaError.codec(reason: "sample 1 is \(sample)")) {
      try writer.write([0, sample])
    }
  }

  @Test(arguments: [(0, 1), (16_000, 0), (16_000, 65)])
  func absurdHeadersAreRefused(rate: Int, channels: Int) {
    #expect(throws: MediaError.self) {
      try WAVWriter("/nowhere/a.wav", rate: rate, channels: channels)
    }
  }
}
