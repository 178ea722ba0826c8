import Datasets
import Testing

@Suite struct SpecAugmentTests {
  private static let bands = 64

  private func masked(
    _ augmentation: SpecAugment, frames: Int = 96, key: SampleKey
  ) -> [Float] {
    var values = [Float](repeating: 1, count: frames * Self.bands)
    values.withUnsafeMutableBufferPointer {
      augmentation.apply(to: $0, bands: Self.bands, key: key)
    }
    return values
  }

  private func key(_ sample: Int32, epoch: Int = 0, draw: Int32 = 0) -> SampleKey {
    SampleKey(seed: 9, epoch: epoch, sample: sample, draw: draw)
  }

  private let both = SpecAugment(
    timeMasks: 2, longestTimeMask: 20, frequencyMasks: 2, widestFrequencyMask: 12, fill: -3)

  @Test func masksAreAFunctionOfTheKey() {
    #expect(masked(both, key: key(5)) == masked(both, key: key(5)))
    for other in [key(6), key(5, epoch: 1), key(5, draw: 1)] {
      #expect(masked(both, key: key(5)) != masked(both, key: other))
    }
  }

  /// Widths from 0 to the widest, and places up to both edges, all occur, each about as often.
  @Test func everyMaskOccurs() {
    let time = SpecAugment(
      timeMasks: 1, longestTimeMask: 4, frequencyMasks: 0, widestFrequencyMask: 0, fill: 0)
    let frequency = SpecAugment(
      timeMasks: 0, longestTimeMask: 0, frequencyMasks: 1, widestFrequencyMask: 4, fill: 0)
    var timeWidths = [Int](repeating: 0, count: 5)
    var frequencyWidths = timeWidths
    var edges = Set<String>()
    for sample in 0..<Int32(1_000) {
      let times = stride(from: 0, to: 10 * 64, by: 64)
      let hidden = masked(time, frames: 10, key: key(sample))
      let hiddenFrames = times.filter { hidden[$0] == 0 }.map { $0 / 64 }
      #expect(hidden.filter { $0 == 0 }.count == hiddenFrames.count * 64)
      timeWidths[hiddenFrames.count] += 1
      let bandsHidden = masked(frequency, frames: 10, key: key(sample))
      let hiddenBands = (0..<64).filter { bandsHidden[$0] == 0 }
      #expect(bandsHidden.filter { $0 == 0 }.count == hiddenBands.count * 10)
      frequencyWidths[hiddenBands.count] += 1
      if let first = hiddenFrames.first, let last = hiddenFrames.last {
        #expect(last - first + 1 == hiddenFrames.count)
        if first == 0 { edges.insert("first frame") }
        if last == 9 { edges.insert("last frame") }
      }
      if hiddenBands.contains(0) { edges.insert("first band") }
      if hiddenBands.contains(63) { edges.insert("last band") }
    }
    #expect(edges.count == 4)
    for count in timeWidths + frequencyWidths { #expect((140...260).contains(count)) }
  }

  @Test func timeMasksStayWithinTheirPart() {
    let augmentation = SpecAugment(
      timeMasks: 1, longestTimeMask: 90, longestTimePart: 0.25, frequencyMasks: 0,
      widestFrequencyMask: 0, fill: 0)
    let widths = (0..<Int32(300)).map { sample in
      masked(augmentation, frames: 40, key: key(sample)).filter { $0 == 0 }.count / 64
    }
    #expect(widths.max() == 10)
  }

  @Test func noFramesAndNoMasksAreLeftAlone() {
    #expect(masked(both, frames: 0, key: key(0)).isEmpty)
    let none = SpecAugment(
      timeMasks: 0, longestTimeMask: 9, frequencyMasks: 0, widestFrequencyMask: 9, fill: 0)
    #expect(masked(none, key: key(0)).allSatisfy { $0 == 1 })
  }

  @Test func valuesThatCannotWorkAreRefused() throws {
    try both.validate()
    var changed = both
    changed.timeMasks = -1
    let error = #expect(throws: DatasetError.self) { try changed.validate() }
    #expect(try "\(#require(error))".contains("time masks"))
    changed = both
    changed.longestTimePart = .nan
    #expect(throws: DatasetError.self) { try changed.validate() }
    changed = both
    changed.fill = .infinity
    #expect(throws: DatasetError.self) { try changed.validate() }
  }
}
