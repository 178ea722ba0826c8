/// A place among the frames of a video: the frame shown there, and the one after it.
///
/// It holds two frames and swaps them. A frame is shown from its own time to that of the next one.
final class FrameCursor {
  /// The frame shown here; undefined where `seconds` is nil.
  private(set) var frame: Frame
  /// When it is shown first; nil in front of the first frame.
  private(set) var seconds: Double?

  private let open: () throws -> VideoDecoder
  private let toleranceSeconds: Double
  private let firstSeconds: Double
  private var decoder: VideoDecoder
  private var upcoming: Frame
  private var upcomingSeconds: Double?

  /// - Parameters:
  ///   - toleranceSeconds: by how much the file's times may be rounded.
  ///   - open: starts to decode the file from its beginning.
  /// - Throws: `MediaError.noFrames`, and what decoding the first frame throws.
  init(_ file: String, toleranceSeconds: Double, open: @escaping () throws -> VideoDecoder) throws {
    self.open = open
    self.toleranceSeconds = toleranceSeconds
    frame = try Frame()
    upcoming = try Frame()
    decoder = try open()
    guard let first = try decoder.next(into: upcoming) else {
      throw MediaError.noFrames(file: file)
    }
    firstSeconds = first
    upcomingSeconds = first
  }

  /// The size of the frame after this one, as it is stored.
  var upcomingSize: ImageSize { upcoming.size }

  /// When the next frame is shown; nil where there is none.
  func peek() throws -> Double? {
    if upcomingSeconds == nil { upcomingSeconds = try decoder.next(into: upcoming) }
    return upcomingSeconds
  }

  /// Goes to the next frame; false where there is none.
  func advance() throws -> Bool {
    guard let next = try peek() else { return false }
    swap(&frame, &upcoming)
    (seconds, upcomingSeconds) = (next, nil)
    return true
  }

  /// Goes to the frame that is shown at `target`; before the first frame, to that one.
  ///
  /// - Returns: whether the place has changed.
  func locate(_ target: Double) throws -> Bool {
    var hasMoved = needsJump(to: target)
    if hasMoved { try jump(to: target) }
    while try seconds == nil || peek().map({ $0 <= target + toleranceSeconds }) ?? false {
      guard try advance() else { break }
      hasMoved = true
    }
    return hasMoved
  }

  /// Backwards always; forwards where a key frame saves decoding a second or more.
  private func needsJump(to target: Double) -> Bool {
    guard let current = seconds ?? upcomingSeconds else { return true }
    if target + toleranceSeconds < current { return current > firstSeconds }
    guard target > current + 1, let keyFrame = decoder.keyFrame(before: target) else {
      return false
    }
    return keyFrame > current + 1
  }

  /// Goes in front of a frame from which `target` can be reached. Some files' indices point behind
  /// the time asked for; then further back, at last to the start.
  private func jump(to target: Double) throws {
    var back = 0.0
    while target - back > firstSeconds, decoder.seek(to: target - back) {
      (seconds, upcomingSeconds) = (nil, nil)
      if let first = try peek(), first <= target + toleranceSeconds { return }
      back = max(1, 4 * back)
    }
    (seconds, upcomingSeconds) = (nil, nil)
    decoder = try open()
  }
}
