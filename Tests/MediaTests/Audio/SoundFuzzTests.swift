import Foundation
import Testing

@testable import Media

/// Recordings with some bytes changed, removed or cut off: read or refused, and nothing else.
@Suite struct SoundFuzzTests {
  private static let rounds = 25

  private struct Mutator {
    var state: UInt64

    mutating func number(below bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(bound))
    }

    mutating func mutate(_ whole: [UInt8]) -> [UInt8] {
      var bytes = whole
      switch number(below: 4) {
      case 0: bytes = Array(bytes.prefix(1 + number(below: bytes.count)))
      case 1:
        let start = number(below: bytes.count)
        bytes.removeSubrange(start..<min(bytes.count, start + 1 + number(below: 64)))
      default: break
      }
      for _ in 0..<(1 + number(below: 16)) where !bytes.isEmpty {
        // Half of the changes are near the start, where headers are.
        let end = number(below: 2) == 0 ? bytes.count : min(bytes.count, 256)
        let place = number(below: end)
        bytes[place] = number(below: 2) == 0 ? 0xFF : UInt8(number(below: 256))
      }
      return bytes
    }
  }

  private func readOrRefuse(_ file: String, with reader: AudioReader) throws -> Bool {
    do {
      try reader.open(file)
      let samples = try reader.read(limitSeconds: 30)
      #expect(samples.allSatisfy { $0.isFinite })
      _ = try reader.read(seconds: 2.5..<2.6)
      return true
    } catch let error as MediaError {
      let message = "\(error)"
      #expect(message.hasPrefix(file))
      return false
    }
  }

  private func wav() throws -> [UInt8] {
    let scratch = try SoundScratch()
    let writer = try WAVWriter(scratch.path("a.wav"), rate: 22_050, channels: 2)
    try writer.write(SoundFixtures.noise(8_000))
    try writer.close()
    return try [UInt8](Data(contentsOf: scratch.folder.appending(path: "a.wav")))
  }

  @Test(arguments: [
    "wav", "chirp.flac", "chirp.ogg", "chirp.m4a", "chirp.mp3", "chirp.webm", "late.ts", "late.mp4",
  ])
  func mutatedRecordingsAreReadOrRefused(name: String) throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("\(name): seed \(seed)")
    var mutator = Mutator(state: seed)
    let whole =
      name == "wav"
      ? try wav() : try [UInt8](Data(contentsOf: SoundFixtures.folder.appending(path: name)))
    let scratch = try SoundScratch()
    let reader = AudioReader()
    var read = 0
    for round in 0..<Self.rounds {
      let file = try scratch.file("\(round)", mutator.mutate(whole))
      let start = ContinuousClock.now
      if try readOrRefuse(file, with: reader) { read += 1 }
      // Generous, for a busy machine: what is meant is that nothing hangs.
      #expect(start.duration(to: .now) < .seconds(20), "round \(round)")
    }
    print("\(name): \(read) of \(Self.rounds) mutants were read, the others refused")
  }
}
