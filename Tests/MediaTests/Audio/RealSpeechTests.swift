import Foundation
import Testing

@testable import Media

private let speech = URL(filePath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().appending(path: "shared/data/speech")

@Suite(
  .enabled(
    if: FileManager.default.fileExists(atPath: speech.path),
    "needs real speech in ../shared/data/speech"))
struct RealSpeechTests {
  private func read(_ name: String) throws -> (header: AudioHeader, samples: [Float]) {
    let reader = AudioReader()
    let header = try reader.open(speech.appending(path: name).path)
    return (header, try reader.read())
  }

  /// The original of an utterance, resampled here, is the utterance that its publisher resampled.
  @Test func originalIsTheUtterance() throws {
    let original = try read("original-48kHz-03-01-01-01-01-01-01.wav")
    let utterance = try read("Actor_01/03-01-01-01-01-01-01.flac")
    print("original: \(original.header); utterance: \(utterance.header)")
    #expect(utterance.header.rate == 16_000)
    let count = min(original.samples.count, utterance.samples.count)
    #expect(abs(original.samples.count - utterance.samples.count) <= 16)
    let difference = zip(original.samples, utterance.samples).map { $0 - $1 }
    let ratio = rootMeanSquare(difference) / rootMeanSquare(utterance.samples[..<count])
    print("the difference is at \(decibels(ratio)) dB of the utterance")
    #expect(ratio < 0.1)
  }

  @Test func utterancesHavePatches() throws {
    let spectrogram = try LogMelSpectrogram()
    for actor in 1...6 {
      let folder = "Actor_0\(actor)"
      let names = try FileManager.default.contentsOfDirectory(
        atPath: speech.appending(path: folder).path)
      for name in names.sorted().prefix(3) {
        let (header, samples) = try read("\(folder)/\(name)")
        #expect(header.format == "FLAC" && header.frames == samples.count)
        let patches = LogMelPatches(remainder: .padded).cut(spectrogram.frames(of: samples))
        #expect(patches.count >= 3 * LogMelPatches.frames * LogMelSpectrogram.bands)
        #expect(patches.allSatisfy { $0.isFinite && $0 >= LogMelSpectrogram.silence })
      }
    }
  }
}
