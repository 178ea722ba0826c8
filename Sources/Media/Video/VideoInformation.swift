/// What a video file says about itself.
public struct VideoInformation: Equatable, Sendable {
  /// Of the frames as they are shown, after rotation, in pixels.
  public var size: ImageSize
  /// Frames a second, on average; 25 where the file does not say.
  public var averageRate: Double
  /// Length in seconds, where the file knows.
  public var durationSeconds: Double?
  /// Number of frames that are stored, where the file counts them; an edit list may hide some.
  public var frameCount: Int?
}

/// What is refused, so that a hostile file costs neither memory nor time.
public struct VideoLimits: Sendable {
  /// Pixels of a frame; those of an 8K frame fit.
  public var maximumPixels = ImageDecoder.maximumPixels
  /// Seconds that a file may claim to last, or a frame to lie after the first.
  public var maximumSeconds = 86_400.0

  /// 8192 × 8192 pixels, a day.
  public init() {}
}
