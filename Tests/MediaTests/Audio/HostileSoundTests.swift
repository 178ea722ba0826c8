import Foundation
import Testing

@testable import Media

/// A WAV file whose header can claim anything.
private struct ForgedWAV {
  var format: UInt16 = 1
  var channels: UInt16 = 1
  var rate: UInt32 = 16_000
  var bits: UInt16 = 16
  var claimedBytes: UInt32?
  var samples = [UInt8](repeating: 7, count: 2_000)

  var bytes: [UInt8] {
    func little<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
      withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
    let block = UInt16(truncatingIfNeeded: Int(channels) * Int(bits) / 8)
    let format =
      little(format) + little(channels) + little(rate) + little(rate &* UInt32(block))
      + little(block) + little(bits)
    let claimed = claimedBytes ?? UInt32(samples.count)
    return Array("RIFF".utf8) + little(UInt32(36 + samples.count)) + Array("WAVEfmt ".utf8)
      + little(UInt32(16)) + format + Array("data".utf8) + little(claimed) + samples
  }
}

@Suite struct HostileSoundTests {
  private func error(reading file: String) throws -> MediaError {
    let error = #expect(throws: MediaError.self) {
      let reader = AudioReader()
      try reader.open(file)
      _ = try reader.read()
    }
    return try #require(error)
  }

  private func message(_ wav: ForgedWAV) throws -> String {
    let scratch = try SoundScratch()
    let file = try scratch.file("forged.wav", wav.bytes)
    let message = try "\(error(reading: file))"
    #expect(message.hasPrefix("\(file): "))
    return String(message.dropFirst(file.count + 2))
  }

  @Test func honestHeaderIsRead() throws {
    let scratch = try SoundScratch()
    let reader = AudioReader()
    let header = try reader.open(try scratch.file("a.wav", ForgedWAV().bytes))
    #expect(header == AudioHeader(format: "WAV", rate: 16_000, channels: 1, frames: 1_000))
    #expect(try reader.read() == [Float](repeating: Float(0x0707) / 32768, count: 1_000))
  }

  @Test func dataShorterThanClaimedIsNamed() throws {
    #expect(
      try message(ForgedWAV(claimedBytes: 2_002))
        == "truncated recording: claims 2002 bytes of samples but holds 2000")
    #expect(try message(ForgedWAV(claimedBytes: 0xFFFF_FFF0)).contains("holds 2000"))
  }

  /// What programs that write into a pipe leave in the header is no lie.
  @Test(arguments: [UInt32.max, 0x7FFF_FFFF])
  func unknownLengthIsReadToTheEnd(claimed: UInt32) throws {
    let scratch = try SoundScratch()
    let reader = AudioReader()
    try reader.open(try scratch.file("a.wav", ForgedWAV(claimedBytes: claimed).bytes))
    #expect(try reader.read().count == 1_000)
  }

  @Test(arguments: [UInt32(0), 1, 999, 768_001, 4_000_000_000, .max])
  func absurdRatesAreNamed(rate: UInt32) throws {
    #expect(try message(ForgedWAV(rate: rate)).hasPrefix("broken recording: "))
  }

  @Test(arguments: [UInt16(0), 65, 1_025, 65_535])
  func absurdChannelCountsAreNamed(channels: UInt16) throws {
    #expect(try message(ForgedWAV(channels: channels)).hasPrefix("broken recording: "))
  }

  @Test(arguments: [UInt16(0), 65_535])
  func absurdSampleSizesAreNamed(bits: UInt16) throws {
    _ = try message(ForgedWAV(bits: bits))
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity, 1e30, 300])
  func samplesThatAreNoSoundAreNamed(sample: Float) throws {
    let samples = [0, 0, sample, 0].flatMap { value in
      withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
    }
    for rate in [UInt32(16_000), 48_000] {
      let message = try message(ForgedWAV(format: 3, rate: rate, bits: 32, samples: samples))
      #expect(message.contains("a sample of \(sample) at \(2 / Double(rate)) s; full scale is 1"))
    }
  }

  @Test func missingAndEmptyAreNamed() throws {
    let scratch = try SoundScratch()
    let empty = try scratch.file("empty.wav", [])
    #expect(try error(reading: empty) == .empty(file: empty))
    #expect(
      try error(reading: "/nowhere/a.wav")
        == .unreadable(file: "/nowhere/a.wav", reason: "No such file or directory"))
    #expect(
      try error(reading: scratch.folder.path)
        == .unreadable(file: scratch.folder.path, reason: "not a regular file"))
  }

  /// Play lists name other files, which must not be opened.
  @Test(arguments: [
    "hello", "#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", "ffconcat version 1.0\nfile /etc/passwd\n",
    "RIFF", "RIFF\u{0}\u{0}\u{0}\u{0}WAVE", "fLaC", "OggS", "FORM0000AIFF", "caff", ".snd", "ID3",
  ])
  func whatIsNoSoundIsRefused(content: String) throws {
    let scratch = try SoundScratch()
    let file = try scratch.file("a.wav", Array(content.utf8))
    let message = try "\(error(reading: file))"
    #expect(message.hasPrefix("\(file): "))
  }

  @Test func manyChunksEndTheSearch() throws {
    let scratch = try SoundScratch()
    let chunk = Array("junk".utf8) + [0, 0, 0, 0]
    let file = try scratch.file(
      "a.wav",
      Array("RIFF".utf8) + [0, 0, 0, 1] + Array("WAVE".utf8)
        + (0..<20_000).flatMap { _ in chunk })
    #expect(try "\(error(reading: file))".contains("no sound within 10000 chunks"))
  }

  @Test(arguments: ["chirp.flac", "chirp.m4a", "late.mp4"])
  func halfARecordingIsNotTakenForAWhole(name: String) throws {
    let scratch = try SoundScratch()
    let whole = try Data(contentsOf: URL(filePath: SoundFixtures.path(name)))
    for part in 1..<8 {
      let file = try scratch.file("cut", whole.prefix(whole.count * part / 8))
      let message = try "\(error(reading: file))"
      #expect(message.hasPrefix("\(file): "))
    }
  }

  /// Damage is not passed over by asking again, and what lies before it stays readable.
  @Test(arguments: ["chirp.flac", "chirp.ogg", "chirp.mp3", "chirp.m4a", "late.ts"])
  func errorsLeaveNoTrace(name: String) throws {
    let scratch = try SoundScratch()
    var bytes = try [UInt8](Data(contentsOf: SoundFixtures.folder.appending(path: name)))
    let middle = bytes.count * 6 / 10
    for place in middle..<(middle + 400) { bytes[place] = UInt8(truncatingIfNeeded: place &* 37) }
    let file = try scratch.file("damaged", bytes)
    let late = [Range<Double>](repeating: 1.2..<1.3, count: 8)
    let ranges = [0.1..<0.2, 0..<9, 0.3..<0.4] + late
    let reader = AudioReader()
    try reader.open(file)
    for range in ranges {
      let fresh = AudioReader()
      try fresh.open(file)
      let expected = Result { try fresh.read(seconds: range) }
      let result = Result { try reader.read(seconds: range) }
      #expect("\(result)" == "\(expected)", "\(range)")
    }
    // Ogg pages and transport packets carry checksums, by which the libraries leave out damaged
    // ones.
    if !["chirp.ogg", "late.ts"].contains(name) {
      #expect(throws: MediaError.self) { try reader.read() }
    }
  }

  /// The header of FLAC has 36 bits for the number of samples.
  @Test func flacThatClaimsDaysIsTruncated() throws {
    let scratch = try SoundScratch()
    var bytes = try [UInt8](Data(contentsOf: SoundFixtures.folder.appending(path: "chirp.flac")))
    bytes[21] |= 0x0F
    let file = try scratch.file("a.flac", bytes)
    let reader = AudioReader()
    #expect(try reader.open(file).seconds ?? 0 > 1_000_000)
    #expect(try reader.read(seconds: 0..<1).count == 16_000)
    let error = #expect(throws: MediaError.self) { try reader.read() }
    #expect(try "\(#require(error))".hasPrefix("\(file): "))
  }

  /// Four hours of silence, of which the disk holds nothing: any part is read at once.
  @Test func hoursAreReadInRanges() throws {
    let scratch = try SoundScratch()
    let bytes = UInt32(4 * 3_600 * 48_000 * 2)
    let file = try scratch.file(
      "hours.wav", ForgedWAV(rate: 48_000, claimedBytes: bytes, samples: []).bytes)
    let handle = try FileHandle(forWritingTo: URL(filePath: file))
    try handle.truncate(atOffset: 44 + UInt64(bytes))
    try handle.close()
    let reader = AudioReader()
    #expect(try reader.open(file).seconds == 14_400)
    #expect(try reader.read(seconds: 14_399..<14_500) == [Float](repeating: 0, count: 16_000))
    #expect(throws: MediaError.soundTooLong(file: file, limitSeconds: 2)) {
      try reader.read(limitSeconds: 2)
    }
    var blocks: [Int] = []
    try reader.read(seconds: 7_000..<7_003) { blocks.append($0.count) }
    #expect(blocks.reduce(0, +) == 48_000 && blocks.max() ?? 0 <= 8_192)
  }
}
