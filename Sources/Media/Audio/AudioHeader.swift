/// What a recording says about itself, before it is converted.
public struct AudioHeader: Equatable, Sendable {
  /// Sampling rates that are read, in Hz: others are damage, not sound.
  public static let rates = 1_000...768_000
  /// Channel counts that are read: up to seventh-order ambisonics.
  public static let channelCounts = 1...64

  /// The format by its content, such as `WAV`, `FLAC` or FFmpeg's name of a container.
  public var format: String
  /// Samples a second and channel, in Hz.
  public var rate: Int
  /// Sounds recorded side by side.
  public var channels: Int
  /// Samples per channel as the header claims them, from the file's time 0 on; nil where it does
  /// not.
  public var frames: Int?

  /// The claimed length in seconds, from the file's time 0 on; nil where the header does not say.
  public var seconds: Double? { frames.map { Double($0) / Double(rate) } }

  /// - Throws: `MediaError.brokenSound` for a rate or channel count that no recording has.
  func validate(file: String) throws {
    guard Self.rates.contains(rate) else {
      throw MediaError.brokenSound(
        file: file,
        reason: "a sampling rate of \(rate) Hz; \(Self.rates.lowerBound) to "
          + "\(Self.rates.upperBound) are read")
    }
    guard Self.channelCounts.contains(channels) else {
      throw MediaError.brokenSound(
        file: file,
        reason: "\(channels) channels; \(Self.channelCounts.lowerBound) to "
          + "\(Self.channelCounts.upperBound) are read")
    }
  }
}

/// An opened recording: mono samples at its own rate, one block after another.
///
/// Owned by one thread at a time.
protocol SoundSource: AnyObject {
  var header: AudioHeader { get }

  /// Whether samples after a `seek` have the very bits that they have without one.
  var seeksExactly: Bool { get }

  /// Makes `frame` the next to be read; beyond the end nothing is.
  func seek(to frame: Int) throws

  /// Reads the mean of all channels.
  ///
  /// - Returns: how many samples; fewer than `block` holds only at the end, then 0.
  func read(into block: UnsafeMutableBufferPointer<Float>) throws -> Int
}
