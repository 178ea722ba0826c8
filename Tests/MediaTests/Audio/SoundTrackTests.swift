import Foundation
import Testing

@testable import Media

@Suite struct SoundTrackTests {
  private func read(_ name: String) throws -> [Float] {
    let reader = AudioReader()
    try reader.open(SoundFixtures.path(name))
    return try reader.read()
  }

  /// By how many samples `samples` lag behind the chirp that starts at `start`, and how alike they
  /// are.
  private func alignment(_ samples: [Float], start: Double) -> (lag: Int, correlation: Double) {
    let middle = Array(samples.indices.dropFirst(Int(start * 16_000) + 2_000).prefix(3_000))
    let heard = middle.map { samples[$0] }
    let correlations = (-110...110).map { lag -> (lag: Int, correlation: Double) in
      let wanted = middle.map { SoundFixtures.chirp(at: Double($0 - lag) / 16_000 - start) }
      let product = zip(heard, wanted).reduce(0.0) { $0 + Double($1.0 * $1.1) }
      return (lag, product / Double(heard.count) / rootMeanSquare(heard) / rootMeanSquare(wanted))
    }
    return correlations.max { $0.correlation < $1.correlation } ?? (.max, 0)
  }

  /// A frame of video is 640 samples. The edit list of the MP4 is in milliseconds, 16 samples;
  /// FFmpeg's WebM states a start that is early by Opus's 6.5 ms.
  @Test(arguments: [
    ("chirp.flac", 0.0, "FLAC", 48_000, 1), ("chirp.ogg", 0, "Ogg", 48_000, 1),
    ("chirp.m4a", 0, "mov,mp4,m4a,3gp,3g2,mj2", 44_100, 2), ("chirp.mp3", 0, "mp3", 44_100, 2),
    ("chirp.webm", 0, "matroska,webm", 48_000, 1),
    ("late.mp4", 0.5, "mov,mp4,m4a,3gp,3g2,mj2", 48_000, 1),
    ("late.webm", 0.5, "matroska,webm", 48_000, 1), ("late.ts", 0.5, "mpegts", 48_000, 1),
  ])
  func soundIsWhereItBelongs(
    name: String, start: Double, format: String, rate: Int, channels: Int
  ) throws {
    let reader = AudioReader()
    let header = try reader.open(SoundFixtures.path(name))
    #expect(header.format == format && header.rate == rate && header.channels == channels)
    let samples = try reader.read()
    let (lag, correlation) = alignment(samples, start: start)
    print("\(name): \(samples.count) samples, lag \(lag), correlation \(correlation)")
    #expect(abs(lag) <= (name == "late.webm" ? 105 : 16))
    #expect(correlation > 0.98)
    // MPEG's transport streams do not say where in AAC's last block the sound ends.
    let longest = name == "late.ts" ? 340 : 16
    #expect((-106...longest).contains(samples.count - Int((start + 1.5) * 16_000)))
  }

  @Test(arguments: ["late.mp4", "late.webm", "late.ts"])
  func beforeALateStartIsSilence(name: String) throws {
    #expect(try rootMeanSquare(read(name)[..<7_400]) < 1e-3)
  }

  /// Half a second is missing in the file; what follows is where its time stamps say.
  @Test func gapsAreSilent() throws {
    let samples = try read("gap.mkv")
    #expect(abs(samples.count - 24_000) <= 512)
    #expect(rootMeanSquare(samples[9_000..<15_000]) < 1e-3)
    for place in [2_000, 20_000] {
      for index in place..<(place + 200) {
        #expect(abs(samples[index] - SoundFixtures.chirp(at: Double(index) / 16_000)) < 0.02)
      }
    }
  }

  @Test func videoWithoutSoundIsNamed() throws {
    let path = SoundFixtures.path("silent.mp4")
    #expect(throws: MediaError.noSoundTrack(file: path)) { try AudioReader().open(path) }
  }

  @Test func formatIsToldByContentNotByName() throws {
    let scratch = try SoundScratch()
    let misnamed = try scratch.file(
      "sound.wav", Data(contentsOf: URL(filePath: SoundFixtures.path("chirp.m4a"))))
    let reader = AudioReader()
    #expect(try reader.open(misnamed).format.hasPrefix("mov,"))
  }

  @Test func oneReaderServesManyFiles() throws {
    let reader = AudioReader()
    let names = ["chirp.m4a", "chirp.flac", "chirp.m4a", "chirp.ogg", "late.mp4"]
    for name in names {
      try reader.open(SoundFixtures.path(name))
      _ = try reader.read(seconds: 0.7..<0.8)
      #expect(try reader.read() == read(name))
    }
  }
}
