/// Reads the frames of a video in the order of time, as they are shown: rotated, RGB.
///
/// Used by one thread at a time; it keeps its buffers from frame to frame. Times are in seconds from
/// the start of the file, its first picture or sound, so that annotations and sound fit them.
public final class VideoReader {
  /// What the file says about itself; the size is that of the first frame.
  public let information: VideoInformation
  /// The frame given last, until the next call.
  public let pixels = PixelBuffer()

  private let cursor: FrameCursor
  private let orientation: VideoOrientation
  private let scaler = PictureScaler()
  private let stored = PixelBuffer()
  /// Whether `next` gives the frame that `seek` went to, and not the one after it.
  private var isPending = false
  /// Whether `pixels` holds the cursor's frame.
  private var isConverted = false

  /// Opens a video and decodes its first frame.
  ///
  /// - Parameters:
  ///   - file: any container and codec that FFmpeg reads; told by content, not by name.
  ///   - limits: what is refused.
  /// - Throws: `MediaError` naming the file: no video, no frames, damaged, too large or too long.
  public init(_ file: String, limits: VideoLimits = VideoLimits()) throws {
    let container = try VideoContainer(file, limits: limits)
    orientation = container.orientation
    var unused: VideoContainer? = container
    cursor = try FrameCursor(file, toleranceSeconds: container.toleranceSeconds) {
      // The first decoder takes the container that is open, later ones open the file again.
      defer { unused = nil }
      return try VideoDecoder(unused ?? VideoContainer(file, limits: limits), limits: limits)
    }
    information = VideoInformation(
      size: orientation.shown(cursor.upcomingSize), averageRate: container.averageRate,
      durationSeconds: container.durationSeconds, frameCount: container.frameCount)
  }

  /// Gives the next frame in `pixels`.
  ///
  /// - Returns: when it is shown first, in seconds; nil after the last frame.
  /// - Throws: `MediaError` where the file is damaged.
  public func next() throws -> Double? {
    guard let seconds = try advance() else { return nil }
    try show()
    return seconds
  }

  /// Goes to the next frame and leaves `pixels` as they are: for who looks at some frames only.
  ///
  /// - Returns: as `next`.
  /// - Throws: as `next`.
  public func advance() throws -> Double? {
    if isPending {
      isPending = false
    } else {
      guard try cursor.advance() else { return nil }
      isConverted = false
    }
    return cursor.seconds
  }

  /// Brings the frame that `advance` went to into `pixels`.
  ///
  /// - Throws: `MediaError.codec` where it cannot be converted.
  public func show() throws { _ = try convert() }

  /// Goes to the frame that is shown at `seconds`, exactly: `next` gives it.
  ///
  /// - Throws: `MediaError` where the file is damaged.
  public func seek(to seconds: Double) throws {
    if try cursor.locate(seconds) { isConverted = false }
    isPending = true
  }

  /// Gives the frame that is shown at `seconds` in `pixels`; before the first frame that one.
  ///
  /// Times that grow cost no more than decoding the frames once; others cost a jump to a key frame.
  /// `next` goes on with the frame after it.
  ///
  /// - Returns: when it is shown first, in seconds; nil where the video has ended.
  /// - Throws: `MediaError` where the file is damaged.
  public func frame(at seconds: Double) throws -> Double? {
    try seek(to: seconds)
    isPending = false
    guard try !hasEnded(at: seconds) else { return nil }
    return try convert()
  }

  /// Gives the frames that are shown at some times, one after another.
  ///
  /// - Parameters:
  ///   - times: in seconds, best in growing order.
  ///   - body: takes a time, and when the frame in `pixels` is shown first; nil after the end.
  /// - Throws: `MediaError` where the file is damaged, and what `body` throws.
  public func frames(
    at times: some Sequence<Double>, _ body: (Double, Double?, PixelBuffer) throws -> Void
  ) throws {
    for time in times { try body(time, frame(at: time), pixels) }
  }

  /// The last frame is shown for as long as an average one.
  private func hasEnded(at seconds: Double) throws -> Bool {
    guard try cursor.peek() == nil, let last = cursor.seconds else { return false }
    return seconds >= last + 1.001 / information.averageRate
  }

  /// Brings the cursor's frame into `pixels`, once.
  private func convert() throws -> Double? {
    if isConverted { return cursor.seconds }
    let size = cursor.frame.size
    pixels.resize(orientation.shown(size))
    if orientation == .upright {
      try scaler.convert(cursor.frame, into: pixels.bytes)
    } else {
      stored.resize(size)
      try scaler.convert(cursor.frame, into: stored.bytes)
      orientation.copy(stored.bytes, size: size, to: pixels.bytes)
    }
    isConverted = true
    return cursor.seconds
  }
}
