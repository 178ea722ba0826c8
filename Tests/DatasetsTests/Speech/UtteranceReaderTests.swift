import CounterRandom
import Foundation
import Media
import Testing

@testable import Datasets

@Suite struct UtteranceReaderTests {
  private let corpus: SpeechCorpus
  private let cut: SpeechPatches

  init() throws {
    corpus = try SpeechCorpus()
    cut = try SpeechPatches(frames: 50)
  }

  private func reader(
    _ patches: [SpeechPatch] = [], _ augmentation: SpeechAugmentation = .none,
    format: SampleFormat = .plain
  ) throws -> UtteranceReader {
    try UtteranceReader(
      manifest: corpus.manifest, cut: cut, patches: patches, augmentation: augmentation,
      format: format)
  }

  private func sample(
    _ reader: UtteranceReader, _ read: (UnsafeMutableRawPointer) throws -> Void
  ) throws -> [Float] {
    try withUnsafeTemporaryAllocation(byteCount: reader.sampleBytes, alignment: 64) {
      try read(try #require($0.baseAddress))
      return Array($0.bindMemory(to: Float.self))
    }
  }

  private func training(
    _ sample: Int32, epoch: Int = 0, _ augmentation: SpeechAugmentation = .none
  ) throws -> [Float] {
    let reader = try reader([], augmentation)
    let key = SampleKey(seed: 3, epoch: epoch, sample: sample)
    return try self.sample(reader) { try reader.readForTraining(key, into: $0) }
  }

  private func energies(_ samples: some Sequence<Float>) throws -> [Float] {
    try LogMelSpectrogram().frames(of: Array(samples))
  }

  // MARK: - Cutting

  @Test func everyFrameIsInAPatchAndNoneIsBehindTheEnd() throws {
    for overlap in [0, 0.25, 0.5, 0.9] {
      let cut = try SpeechPatches(frames: 50, overlap: overlap)
      for samples in [1, 400, 8_240, 8_400, 8_399, 16_000, 40_007] {
        let starts = cut.starts(samples: samples).map { $0 / LogMelSpectrogram.hopSamples }
        let frames = LogMelSpectrogram.frameCount(samples: samples)
        #expect(starts.first == 0)
        #expect(starts.count == 1 || starts.last == frames - 50, "\(samples)")
        for (first, second) in zip(starts, starts.dropFirst()) {
          #expect(second > first && Double(second - first) <= (1 - overlap) * 50 + 0.5)
        }
      }
    }
    #expect(try SpeechPatches(frames: 50).starts(samples: 8_240) == [0])
    #expect(try SpeechPatches(frames: 50).starts(samples: 8_400) == [0, 160])
  }

  @Test(arguments: [(0, 0.0), (6_001, 0), (96, 1), (96, -0.1), (96, .nan)])
  func cutsThatCannotWorkAreRefused(_ frames: Int, _ overlap: Double) {
    #expect(throws: DatasetError.self) { try SpeechPatches(frames: frames, overlap: overlap) }
  }

  // MARK: - Evaluation

  @Test func aPatchIsThatPartOfTheSpectrogram() throws {
    let whole = try energies(corpus.sound(4))
    let starts = cut.starts(samples: try corpus.sound(4).count)
    #expect(starts.count == 5)
    let reader = try reader(starts.map { SpeechPatch(utterance: 4, start: Int32($0)) })
    for (index, start) in starts.enumerated() {
      let patch = try sample(reader) { try reader.readForEvaluation(Int32(index), into: $0) }
      let first = start / LogMelSpectrogram.hopSamples * 64
      #expect(patch == Array(whole[first..<(first + 50 * 64)]))
    }
    #expect(reader.label(of: 2) == 4)
  }

  /// Even one that has no whole frame: 10 ms under a window of 25 ms.
  @Test func shortUtterancesEndInSilence() throws {
    let reader = try reader((0..<2).map { SpeechPatch(utterance: $0, start: 0) })
    for utterance in 0..<2 {
      let sound = try corpus.sound(utterance)
      let patch = try sample(reader) { try reader.readForEvaluation(Int32(utterance), into: $0) }
      let padded = sound + Array(repeating: 0, count: cut.samples - sound.count)
      #expect(try patch == energies(padded))
      let heard = (sound.count + 159) / 160
      #expect(patch[..<64].contains { $0 > LogMelSpectrogram.silence + 0.1 })
      #expect(patch[(heard * 64)...].allSatisfy { $0 == LogMelSpectrogram.silence })
    }
  }

  @Test func placesInAFileAreKept() throws {
    var record = corpus.manifest.records[4]
    (record.startSeconds, record.endSeconds) = (0.5, 0.75)
    var manifest = corpus.manifest
    manifest.records[4] = record
    let reader = try UtteranceReader(
      manifest: manifest, cut: cut, patches: [SpeechPatch(utterance: 4, start: 0)],
      augmentation: .none)
    #expect(try reader.length(ofUtterance: 4) == 4_000)
    let part = Array(try corpus.sound(4)[8_000..<12_000])
    let patch = try sample(reader) { try reader.readForEvaluation(0, into: $0) }
    #expect(
      try patch == energies(part + Array(repeating: 0, count: cut.samples - part.count)))
  }

  @Test func otherRatesAreResampled() throws {
    let corpus = try SpeechCorpus(rate: 44_100)
    let reader = try UtteranceReader(
      manifest: corpus.manifest, cut: cut, patches: [SpeechPatch(utterance: 4, start: 0)],
      augmentation: .none)
    #expect(try abs(reader.length(ofUtterance: 4) - 40_000) <= 1)
    let patch = try sample(reader) { try reader.readForEvaluation(0, into: $0) }
    #expect(try patch == Array(energies(corpus.sound(4))[..<(50 * 64)]))
  }

  // MARK: - Training

  @Test func trainingHearsAnotherStretchInEachEpoch() throws {
    let sound = try corpus.sound(4)
    let stretches = try (0..<4).map { try training(4, epoch: $0) }
    #expect(Set(stretches).count == 4)
    #expect(try training(4, epoch: 1) == stretches[1])
    for (epoch, stretch) in stretches.enumerated() {
      var generator = SampleKey(seed: 3, epoch: epoch, sample: 4).generator(.speechStretch)
      let start = generator.integer(below: sound.count - cut.samples + 1)
      #expect(try stretch == energies(sound[start..<(start + cut.samples)]))
    }
    // What is no longer than a stretch is heard whole.
    #expect(try training(1, epoch: 0) == training(1, epoch: 1))
  }

  @Test func masksAndGainChangeWhatIsHeard() throws {
    let plain = try training(4)
    var louder = SpeechAugmentation.none
    louder.gainDecibels = 6
    let loud = try training(4, louder)
    let differences = zip(loud, plain).map { $0 - $1 }
    // The logarithm of energy plus 0.01: nearly the same difference wherever there is much energy.
    let most = logf(2)
    #expect(differences.allSatisfy { abs($0) <= most } && differences.contains { abs($0) > 0.01 })
    let masked = try training(4, .full)
    let isSilent = masked.map { $0 == LogMelSpectrogram.silence }
    #expect(isSilent.contains(true) && isSilent.contains(false) && masked != loud)
  }

  @Test func bfloat16IsRoundedToNearest() throws {
    let key = SampleKey(seed: 3, epoch: 0, sample: 4)
    let reader = try reader(format: SampleFormat(element: .bfloat16, order: .channelsLast))
    #expect(reader.sampleBytes == 50 * 64 * 2)
    let rounded = try withUnsafeTemporaryAllocation(byteCount: reader.sampleBytes, alignment: 64) {
      try reader.readForTraining(key, into: try #require($0.baseAddress))
      return $0.bindMemory(to: UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }
    }
    for (value, exact) in zip(rounded, try training(4)) {
      #expect(abs(value - exact) <= abs(exact) / 256)
    }
  }

  // MARK: - What cannot be used

  @Test func unusableSoundIsNamed() throws {
    func problem(_ utterance: Int32) throws -> String {
      let reader = try reader()
      let error = #expect(throws: SampleProblem.self) {
        _ = try reader.length(ofUtterance: utterance)
      }
      #expect(error?.sample == utterance)
      return "\(try #require(error))"
    }
    let path = corpus.manifest.path(of: corpus.manifest.records[3])
    try FileManager.default.removeItem(atPath: path)
    #expect(try problem(3).hasPrefix("list.csv:5: \(path): "))
    let other = corpus.manifest.path(of: corpus.manifest.records[2])
    try Data("no sound at all".utf8).write(to: URL(filePath: other))
    #expect(try problem(2).hasPrefix("list.csv:4: \(other): "))
  }

  @Test func anUtteranceBehindTheEndIsNamed() throws {
    var manifest = corpus.manifest
    manifest.records[4].startSeconds = 2.5
    let reader = try UtteranceReader(manifest: manifest, cut: cut, augmentation: .none)
    let error = #expect(throws: SampleProblem.self) { _ = try reader.length(ofUtterance: 4) }
    #expect(
      try "\(#require(error))".hasSuffix("4.wav: has 2.5 s of sound and none of the utterance"))
  }
}
