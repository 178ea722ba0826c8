import Foundation
import Media

@testable import Datasets

/// Some utterances of three speakers, of noise, from 10 ms to 2.5 s, in files of one rate.
final class SpeechCorpus {
  static let seconds = [0.01, 0.4, 0.96, 1.3, 2.5, 0.7, 1.8, 2.1]
  let scratch: Scratch
  var manifest: SpeechManifest

  init(rate: Int = 16_000) throws {
    scratch = try Scratch()
    var records: [SpeechRecord] = []
    var state: UInt32 = 7
    for (index, seconds) in Self.seconds.enumerated() {
      let name = "\(index).wav"
      let writer = try WAVWriter("\(scratch.path)/\(name)", rate: rate)
      try writer.write(
        (0..<Int(seconds * Double(rate))).map { _ in
          state = state &* 1_664_525 &+ 1_013_904_223
          return Float(state >> 8) / Float(1 << 24) - 0.5
        })
      try writer.close()
      records.append(
        SpeechRecord(
          audioPath: name, emotion: VocalEmotion(rawValue: index), speaker: "s\(index % 3)",
          line: index + 2))
    }
    manifest = SpeechManifest(path: "list.csv", root: scratch.path, records: records)
  }

  /// The samples of an utterance at 16 kHz.
  func sound(_ utterance: Int) throws -> [Float] {
    let reader = AudioReader()
    try reader.open(manifest.path(of: manifest.records[utterance]))
    return try reader.read()
  }
}

extension SpeechAugmentation {
  static let none = SpeechAugmentation(
    masks: SpecAugment(
      timeMasks: 0, longestTimeMask: 0, frequencyMasks: 0, widestFrequencyMask: 0, fill: 0),
    gainDecibels: 0)

  /// Everything that training can do.
  static let full = SpeechAugmentation(
    masks: SpecAugment(
      timeMasks: 1, longestTimeMask: 10, frequencyMasks: 1, widestFrequencyMask: 8,
      fill: LogMelSpectrogram.silence), gainDecibels: 6)
}
