/// How a spectrogram is cut into the patches that VGGish sees.
public struct LogMelPatches: Equatable, Sendable {
  /// What becomes of frames that do not fill a patch at the end.
  public enum Remainder: Equatable, Sendable {
    /// They are left out, as VGGish does.
    case dropped
    /// Silence follows them: every frame is in some patch.
    case padded
  }

  /// Frames of one patch: 0.96 s.
  public static let frames = 96

  /// Frames from one patch to the next; 96 leaves no overlap, as VGGish does.
  public var hopFrames: Int
  /// What becomes of the frames at the end.
  public var remainder: Remainder

  /// Patches `hopFrames`, which is at least 1, apart.
  public init(hopFrames: Int = LogMelPatches.frames, remainder: Remainder = .dropped) {
    precondition(hopFrames > 0)
    self.hopFrames = hopFrames
    self.remainder = remainder
  }

  /// How many patches `frames` frames have.
  public func count(frames: Int) -> Int {
    let beyondFirst = frames - Self.frames
    switch remainder {
    case .dropped: return beyondFirst < 0 ? 0 : 1 + beyondFirst / hopFrames
    case .padded:
      if frames == 0 { return 0 }
      return beyondFirst <= 0 ? 1 : 1 + (beyondFirst + hopFrames - 1) / hopFrames
    }
  }

  /// The middle of a patch, in seconds from the first sample on.
  public func centreSeconds(ofPatch patch: Int) -> Double {
    let first = patch * hopFrames
    let centres = [first, first + Self.frames - 1].map(LogMelSpectrogram.centreSeconds)
    return (centres[0] + centres[1]) / 2
  }

  /// Cuts a spectrogram.
  ///
  /// - Shapes: `spectrogram` is `[frames, bands]`, the result is `[count, 96, bands]`.
  public func cut(_ spectrogram: [Float]) -> [Float] {
    let bands = LogMelSpectrogram.bands
    var patches: [Float] = []
    for patch in 0..<count(frames: spectrogram.count / bands) {
      let start = patch * hopFrames * bands
      let end = min(start + Self.frames * bands, spectrogram.count)
      patches += spectrogram[min(start, end)..<end]
      let missing = (patch + 1) * Self.frames * bands - patches.count
      patches += repeatElement(LogMelSpectrogram.silence, count: missing)
    }
    return patches
  }
}
