import Media

/// How an utterance is cut into patches of log-mel energies, all of the same length.
///
/// An utterance that is shorter than a patch is one patch, which ends in silence. Any other has as many
/// patches as the overlap asks for, spread evenly: each frame is in one of them, and none has silence
/// that is not in the utterance.
public struct SpeechPatches: Equatable, Sendable {
  /// Frames of a patch, 10 ms each.
  public var frames: Int
  /// The part of a patch that the next one has, too, at least; 0 to below 1.
  public var overlap: Double

  /// - Throws: `DatasetError.setting` for values that cannot work.
  public init(frames: Int, overlap: Double = 0) throws {
    try DatasetError.require(
      (1...6_000).contains(frames), "frames", "\(frames) is not from 1 to 6000")
    try DatasetError.require(
      overlap >= 0 && overlap < 1, "overlap", "\(overlap) is not at least 0 and below 1")
    self.frames = frames
    self.overlap = overlap
  }

  /// The samples that the frames of a patch are computed from, at 16 kHz.
  public var samples: Int {
    (frames - 1) * LogMelSpectrogram.hopSamples + LogMelSpectrogram.windowSamples
  }

  /// Where the patches of an utterance begin: numbers of samples, ascending.
  ///
  /// - Parameter samples: of the utterance, at 16 kHz.
  public func starts(samples: Int) -> [Int] {
    let last = LogMelSpectrogram.frameCount(samples: samples) - frames
    guard last > 0 else { return [0] }
    let hop = max(1, Int(((1 - overlap) * Double(frames)).rounded()))
    let gaps = (last + hop - 1) / hop
    return (0...gaps).map { $0 * last / gaps * LogMelSpectrogram.hopSamples }
  }
}

/// One patch of an evaluation.
public struct SpeechPatch: Equatable, Sendable {
  /// The utterance, as an index into the manifest's records.
  public var utterance: Int32
  /// Where it begins within the utterance, in samples at 16 kHz.
  public var start: Int32

  /// A patch with every field given.
  public init(utterance: Int32, start: Int32) {
    self.utterance = utterance
    self.start = start
  }
}

/// Random changes of utterances in training.
public struct SpeechAugmentation: Equatable, Sendable {
  /// Stretches of time and bands that are hidden.
  public var masks: SpecAugment
  /// Loudness changes by up to so much up or down, in decibels.
  public var gainDecibels: Float

  /// Changes with every field given.
  public init(masks: SpecAugment, gainDecibels: Float) {
    self.masks = masks
    self.gainDecibels = gainDecibels
  }

  /// - Throws: `DatasetError.setting` for a value that cannot work.
  public func validate() throws {
    try masks.validate()
    try DatasetError.require(
      (0...60).contains(gainDecibels), "gain", "\(gainDecibels) dB is not 0 to 60")
  }
}
