import CounterRandom

/// Hides stretches of time and ranges of frequency of a spectrogram.
///
/// - Source: D. S. Park et al., "SpecAugment: a simple data augmentation method for automatic
///   speech recognition", Interspeech 2019 (without its time warping, which gains least there).
public struct SpecAugment: Equatable, Sendable {
  /// How many stretches of time are hidden; they may overlap.
  public var timeMasks: Int
  /// The longest of them, in frames: lengths from 0 to this are alike likely.
  public var longestTimeMask: Int
  /// The part of the frames that one of them hides at most, above 0 to 1.
  public var longestTimePart: Float
  /// How many ranges of frequency are hidden; they may overlap.
  public var frequencyMasks: Int
  /// The widest of them, in bands: widths from 0 to this are alike likely.
  public var widestFrequencyMask: Int
  /// What hidden values become: what silence is, or the mean of the data.
  public var fill: Float

  /// Masks with every field given; 0 masks leave everything as it is.
  public init(
    timeMasks: Int, longestTimeMask: Int, longestTimePart: Float = 1, frequencyMasks: Int,
    widestFrequencyMask: Int, fill: Float
  ) {
    self.timeMasks = timeMasks
    self.longestTimeMask = longestTimeMask
    self.longestTimePart = longestTimePart
    self.frequencyMasks = frequencyMasks
    self.widestFrequencyMask = widestFrequencyMask
    self.fill = fill
  }

  /// - Throws: `DatasetError.setting` for a value that cannot work.
  public func validate() throws {
    let counts = [
      ("time masks", timeMasks, 100), ("longest time mask", longestTimeMask, 1_000_000),
      ("frequency masks", frequencyMasks, 100),
      ("widest frequency mask", widestFrequencyMask, 100_000),
    ]
    for (name, value, limit) in counts {
      try DatasetError.require((0...limit).contains(value), name, "\(value) is not 0 to \(limit)")
    }
    try DatasetError.require(
      longestTimePart > 0 && longestTimePart <= 1, "longest time part",
      "\(longestTimePart) is not within 0 to 1, without 0")
    try DatasetError.require(fill.isFinite, "fill", "\(fill) is not a finite number")
  }

  /// Hides parts of one sample, in place; which ones is a function of `key` and of the sizes alone.
  ///
  /// - Shapes: `spectrogram` is `[frames, bands]`.
  public func apply(
    to spectrogram: UnsafeMutableBufferPointer<Float>, bands: Int, key: SampleKey
  ) {
    precondition(bands > 0 && spectrogram.count.isMultiple(of: bands))
    let frames = spectrogram.count / bands
    var generator = CounterRandom(
      seed: key.seed, epoch: key.epoch, index: key.randomIndex, purpose: .spectrogramMask)
    for _ in 0..<frequencyMasks {
      let hidden = Self.draw(widest: widestFrequencyMask, of: bands, from: &generator)
      for frame in 0..<frames {
        spectrogram[(frame * bands + hidden.lowerBound)..<(frame * bands + hidden.upperBound)]
          .update(repeating: fill)
      }
    }
    let longest = min(longestTimeMask, Int(longestTimePart * Float(frames)))
    for _ in 0..<timeMasks {
      let hidden = Self.draw(widest: longest, of: frames, from: &generator)
      spectrogram[(hidden.lowerBound * bands)..<(hidden.upperBound * bands)].update(repeating: fill)
    }
  }

  /// A range within 0 ..< `count`: its width up to `widest`, then its place, each alike likely.
  private static func draw(
    widest: Int, of count: Int, from generator: inout CounterRandom
  ) -> Range<Int> {
    let width = generator.integer(below: min(widest, count) + 1)
    let start = generator.integer(below: count - width + 1)
    return start..<(start + width)
  }
}
