import Foundation
import Testing

@testable import Media

/// WebM in which nothing starts at 0: Opus begins 7 ms before its first sample, and FFmpeg then writes
/// pictures as much later.
@Suite struct StartTimesTests {
  /// What lies before 0 is no time that anybody heard: it moves neither pictures nor sound.
  @Test(arguments: [("early.webm", 0.007), ("waiting.webm", 0.407)])
  func timesCountFromZeroWhereAFileStartsEarlier(name: String, start: Double) throws {
    let video = try VideoReader(SoundFixtures.path(name))
    for frame in 0..<30 {
      let time = try #require(try video.next())
      #expect(abs(time - start - Double(frame) / 25) < 1e-6, "frame \(frame) at \(time) s")
      let red = Double(video.pixels.bytes[4 * (16 * 32 + 16)])
      // The luma of frame n is 16 + 4 n of 16 to 235.
      #expect(abs(red * 219 / 255 / 4 - Double(frame)) < 0.5, "frame \(frame)")
    }
    let sound = AudioReader()
    try sound.open(SoundFixtures.path(name))
    let samples = try sound.read(seconds: 0.2..<0.6)
    let (lag, likeness) = bestLag(of: samples, from: 0.2)
    #expect(abs(lag) <= 16 && likeness > 0.98, "\(lag) samples late")
  }

  /// By how many samples `samples` lag behind the chirp, and how alike they are then.
  private func bestLag(of samples: [Float], from start: Double) -> (lag: Int, likeness: Double) {
    let lags = (-160...160).map { lag -> (lag: Int, likeness: Double) in
      let wanted = samples.indices.map {
        SoundFixtures.chirp(at: start + Double($0 - lag) / 16_000)
      }
      let product = zip(samples, wanted).reduce(0.0) { $0 + Double($1.0 * $1.1) }
      let scale = Double(samples.count) * rootMeanSquare(samples) * rootMeanSquare(wanted)
      return (lag, product / scale)
    }
    return lags.max { $0.likeness < $1.likeness } ?? (.max, 0)
  }
}
