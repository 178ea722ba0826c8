import CounterRandom
import Foundation
import Testing

@testable import Datasets

/// Four samples of 24 pixels, training mode, in a format and mixed.
private func firstBatch(
  _ corpus: Corpus, format: SampleFormat = .plain, mixing: BatchMixing = .none,
  samples: [Int32] = [0, 1, 2, 3], mode: BatchLoader.Mode = .training
) throws -> (batch: MicroBatch, bytes: [UInt8]) {
  let loader = try BatchLoader(
    manifest: corpus.manifest, augmentation: .small, mode: mode,
    requests: [MicroBatchRequest(epoch: 2, sampleIndices: samples)], seed: 1, microBatch: 4,
    workers: 2, queueDepth: 2, format: format, mixing: mixing, onError: .fail)
  var bytes = [UInt8](repeating: 0xAA, count: 4 * 3 * 24 * 24 * format.elementBytes)
  let batch = try bytes.withUnsafeMutableBytes { try loader.next(into: $0) }
  return (try #require(batch), bytes)
}

private func floats(_ bytes: [UInt8]) -> [Float] {
  bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
}

private func halves(_ bytes: [UInt8]) -> [UInt16] {
  bytes.withUnsafeBytes { Array($0.bindMemory(to: UInt16.self)) }
}

private func rounded(_ value: Float) -> UInt16 {
  let bits = value.bitPattern
  return UInt16(truncatingIfNeeded: (bits + 0x7fff + (bits >> 16 & 1)) >> 16)
}

@Suite struct SampleFormatTests {
  @Test func everyFormatHoldsTheSameColours() throws {
    let corpus = try Corpus()
    let plain = floats(try firstBatch(corpus).bytes)
    let pixels = 24 * 24
    for element in [SampleFormat.Element.float32, .bfloat16] {
      for order in [SampleFormat.Order.channelsLast, .channelsFirst] {
        let format = SampleFormat(element: element, order: order)
        let bytes = try firstBatch(corpus, format: format).bytes
        let (words, shorts) = (floats(bytes).map(\.bitPattern), halves(bytes))
        for index in plain.indices {
          let (sample, place) = index.quotientAndRemainder(dividingBy: 3 * pixels)
          let planar = sample * 3 * pixels + place % 3 * pixels + place / 3
          let other = order == .channelsFirst ? planar : index
          let bits = element == .float32 ? words[other] : UInt32(shorts[other])
          let expected =
            element == .float32 ? plain[index].bitPattern : UInt32(rounded(plain[index]))
          #expect(bits == expected)
        }
      }
    }
  }
}

@Suite struct BatchMixingTests {
  private let mixup = BatchMixing(mixupAlpha: 0.4, cutmixAlpha: 0)
  private let cutmix = BatchMixing(mixupAlpha: 0, cutmixAlpha: 1)

  @Test func mixupBlendsEachSampleWithTheOneBefore() throws {
    let corpus = try Corpus()
    let plain = try firstBatch(corpus)
    let mixed = try firstBatch(corpus, mixing: mixup)
    let (before, after) = (floats(plain.bytes), floats(mixed.bytes))
    let share = mixed.batch.partnerShares[0]
    #expect(share > 0 && share < 1 && mixed.batch.partnerShares == [share, share, share, share])
    for sample in 0..<4 {
      let partner = (sample + 3) % 4
      #expect(mixed.batch.labels[sample] == plain.batch.labels[sample])
      #expect(mixed.batch.partnerLabels[sample] == plain.batch.labels[partner])
      for index in 0..<1728 {
        let (first, second) = (before[1728 * sample + index], before[1728 * partner + index])
        #expect(after[1728 * sample + index] == first + share * (second - first))
      }
    }
    #expect(plain.batch.partnerShares == [0, 0, 0, 0])
  }

  @Test func cutmixPastesTheShareThatItTells() throws {
    let corpus = try Corpus()
    let before = floats(try firstBatch(corpus).bytes)
    let mixed = try firstBatch(corpus, mixing: cutmix)
    let after = floats(mixed.bytes)
    for sample in 0..<4 {
      let range = 1728 * sample..<1728 * (sample + 1)
      let pasted = range.filter { after[$0] != before[$0] }
      let partner = (sample + 3) % 4
      #expect(pasted.allSatisfy { after[$0] == before[$0 + 1728 * (partner - sample)] })
      let share = Float(pasted.count) / 1728
      #expect(abs(share - mixed.batch.partnerShares[sample]) < 0.02)
    }
  }

  @Test func maskedSamplesMixWithNothing() throws {
    let corpus = try Corpus()
    let samples: [Int32] = [0, MicroBatchRequest.padding, 2, 3]
    let batch = try firstBatch(corpus, mixing: mixup, samples: samples).batch
    #expect(batch.partnerShares.map { $0 > 0 } == [true, false, false, true])
    let evaluated = try firstBatch(corpus, mixing: mixup, mode: .evaluation).batch
    #expect(evaluated.partnerShares == [0, 0, 0, 0])
  }

  @Test func bfloat16IsBlendedInFloat32() throws {
    let corpus = try Corpus()
    let format = SampleFormat(element: .bfloat16, order: .channelsFirst)
    let before = halves(try firstBatch(corpus, format: format).bytes)
    let mixed = try firstBatch(corpus, format: format, mixing: mixup)
    let after = halves(mixed.bytes)
    let share = mixed.batch.partnerShares[0]
    for index in 0..<1728 {
      let first = Float(bitPattern: UInt32(before[index]) << 16)
      let second = Float(bitPattern: UInt32(before[index + 3 * 1728]) << 16)
      #expect(after[index] == rounded(first + share * (second - first)))
    }
  }

  @Test func factorsHaveTheirDistribution() {
    for alpha in [Float(0.2), 1, 4] {
      var (sum, squares) = (0.0, 0.0)
      for index in 0..<20000 {
        var random = CounterRandom(seed: 9, index: index, purpose: .mixing)
        let value = random.beta(alpha)
        sum += value
        squares += (value - 0.5) * (value - 0.5)
      }
      #expect(abs(sum / 20000 - 0.5) < 0.01)
      // The variance of Beta(a, a) is 1 / (4 (2a + 1)).
      let variance = 1 / (4 * (2 * Double(alpha) + 1))
      #expect(abs(squares / 20000 - variance) < 0.03 * variance)
    }
  }

  @Test func bothWaysAreAsLikely() {
    let both = BatchMixing(mixupAlpha: 1, cutmixAlpha: 1)
    let blends = (0..<1000).count { index in
      var random = CounterRandom(seed: 4, index: index, purpose: .mixing)
      if case .blend = both.draw(for: .image(size: 24), from: &random) { return true }
      return false
    }
    #expect((440...560).contains(blends))
  }

  @Test func impossibleFactorsAreNamed() {
    #expect(throws: DatasetError.self) {
      try BatchMixing(mixupAlpha: -1, cutmixAlpha: 0).validate()
    }
    #expect(throws: DatasetError.self) {
      try BatchMixing(mixupAlpha: 0, cutmixAlpha: .nan).validate()
    }
  }
}
