import Foundation
import Testing

@testable import Media

@Suite struct LogMelTests {
  /// The sound of `make_sounds.py`'s golden: a tone of full scale, noise, a chirp, silence.
  private static let sound: [Float] = {
    let tone = (0..<8_000).map { Float(sin(2 * .pi * 1_000 * Double($0) / 16_000)) }
    let noise = SoundFixtures.noise(8_000).map { 0.25 * $0 }
    let chirp = (0..<24_000).map { SoundFixtures.chirp(at: Double($0) / 16_000) }
    return tone + noise + chirp + [Float](repeating: 0, count: 4_000)
  }()

  private func golden() throws -> [Float] {
    try Data(contentsOf: URL(filePath: SoundFixtures.path("logmel.f32"))).withUnsafeBytes {
      Array($0.bindMemory(to: Float.self))
    }
  }

  @Test func equalsTheReference() throws {
    let frames = try LogMelSpectrogram().frames(of: Self.sound)
    let golden = try golden()
    try #require(frames.count == golden.count)
    let largest = zip(frames, golden).map { abs($0 - $1) }.max() ?? .infinity
    print("log-mel: off by \(largest) from float64 NumPy")
    #expect(largest < 1e-4)
  }

  @Test func framesAreCountedAndPlaced() throws {
    let spectrogram = try LogMelSpectrogram()
    for (samples, frames) in [(0, 0), (399, 0), (400, 1), (559, 1), (560, 2), (16_000, 98)] {
      #expect(LogMelSpectrogram.frameCount(samples: samples) == frames)
      let values = spectrogram.frames(of: [Float](repeating: 0, count: samples))
      #expect(values == [Float](repeating: logf(0.01), count: frames * 64))
    }
    #expect(LogMelSpectrogram.centreSeconds(ofFrame: 0) == 0.0125)
    #expect(LogMelSpectrogram.centreSeconds(ofFrame: 100) == 1.0125)
  }

  /// A click shows where a frame's time is: in the frame whose centre it is at, it is loudest.
  @Test func clickIsLoudestInTheFrameOfItsTime() throws {
    var sound = [Float](repeating: 0, count: 16_000)
    sound[Int((0.5125 * 16_000).rounded())] = 1
    let frames = try LogMelSpectrogram().frames(of: sound)
    let loudness = stride(from: 0, to: frames.count, by: 64).map { frames[$0 + 30] }
    let loudest = try #require(loudness.indices.max { loudness[$0] < loudness[$1] })
    #expect(abs(LogMelSpectrogram.centreSeconds(ofFrame: loudest) - 0.5125) < 1e-9)
  }

  @Test func oneSpectrogramServesManySounds() throws {
    let spectrogram = try LogMelSpectrogram()
    let first = spectrogram.frames(of: Self.sound)
    _ = spectrogram.frames(of: SoundFixtures.noise(3_000))
    #expect(spectrogram.frames(of: Self.sound) == first)
  }

  /// Sound that is damaged gives values that a loss then shows, and no trap.
  @Test func infinitySpreadsNoFurtherThanItsFrames() throws {
    var sound = [Float](repeating: 0, count: 1_600)
    sound[0] = .infinity
    let frames = try LogMelSpectrogram().frames(of: sound)
    #expect(frames[..<64].contains { !$0.isFinite })
    #expect(frames[64...].allSatisfy { $0 == LogMelSpectrogram.silence })
  }
}

@Suite struct LogMelPatchesTests {
  private static let frame = LogMelSpectrogram.bands

  /// A spectrogram whose values are the numbers of their frames.
  private func numbered(_ frames: Int) -> [Float] {
    (0..<frames * Self.frame).map { Float($0 / Self.frame) }
  }

  @Test(arguments: [
    (95, 96, 0, 1), (96, 96, 1, 1), (97, 96, 1, 2), (191, 96, 1, 2), (192, 96, 2, 2), (0, 96, 0, 0),
    (1, 96, 0, 1), (100, 4, 2, 2), (101, 4, 2, 3), (98, 200, 1, 2), (96, 1, 1, 1), (98, 1, 3, 3),
  ])
  func remaindersAreDroppedOrPadded(frames: Int, hop: Int, dropped: Int, padded: Int) {
    let spectrogram = numbered(frames)
    for (patches, count) in [
      (LogMelPatches(hopFrames: hop), dropped),
      (LogMelPatches(hopFrames: hop, remainder: .padded), padded),
    ] {
      #expect(patches.count(frames: frames) == count)
      let cut = patches.cut(spectrogram)
      #expect(cut.count == count * 96 * Self.frame)
      for patch in 0..<count {
        for frame in [0, 1, 95] {
          let wanted = patch * hop + frame
          let value = wanted < frames ? Float(wanted) : LogMelSpectrogram.silence
          #expect(cut[(patch * 96 + frame) * Self.frame + 63] == value)
        }
      }
    }
  }

  @Test func patchesHaveTheirTimes() {
    // 96 frames: their centres are from 12.5 to 962.5 ms.
    #expect(abs(LogMelPatches().centreSeconds(ofPatch: 0) - 0.4875) < 1e-12)
    #expect(abs(LogMelPatches(hopFrames: 4).centreSeconds(ofPatch: 2) - 0.5675) < 1e-12)
  }
}
