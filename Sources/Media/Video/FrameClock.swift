import CFFmpeg

/// Gives every frame a time in seconds, later than the one before, whatever its file leaves out.
///
/// Zero is where the file starts: the earlier of its first picture and its first sound.
struct FrameClock {
  private let secondsPerTick: Double
  private let startSeconds: Double
  private let secondsPerFrame: Double
  private var last: Double?
  /// Decoding times of packets whose frames are still to come and have no time of their own.
  private var decodingTicks: [Int64] = []

  init(secondsPerTick: Double, startSeconds: Double, averageRate: Double) {
    self.secondsPerTick = secondsPerTick
    self.startSeconds = startSeconds
    secondsPerFrame = 1 / averageRate
  }

  /// Seconds of a timestamp.
  func seconds(_ ticks: Int64) -> Double { Double(ticks) * secondsPerTick - startSeconds }

  /// The timestamp at or before `seconds`.
  func ticks(_ seconds: Double) -> Int64 {
    let ticks = ((seconds + startSeconds) / secondsPerTick).rounded(.down)
    return Int64(exactly: ticks) ?? 0
  }

  /// Forgets the frames so far: after a jump, the next frame's own time counts.
  mutating func restart() {
    last = nil
    decodingTicks.removeAll(keepingCapacity: true)
  }

  /// Takes note of a packet before it is decoded.
  ///
  /// AVI stores only when a packet is decoded. Frames come out in the order of time, so that the
  /// n-th frame is shown at the n-th of these times.
  mutating func note(presentation: Int64, decoding: Int64) {
    guard presentation == aver_no_timestamp, decoding != aver_no_timestamp else { return }
    // Packets without frames must not fill the memory; no codec delays frames by as many.
    if decodingTicks.count == 64 { decodingTicks.removeFirst() }
    decodingTicks.append(decoding)
  }

  /// The time of the next frame, in seconds.
  ///
  /// - Parameter presentation: its timestamp; one that is missing or not later than the last
  ///   frame's is filled in from the average rate.
  mutating func next(presentation: Int64) -> Double {
    let expected = last.map { $0 + secondsPerFrame } ?? 0
    var stated = presentation
    if stated == aver_no_timestamp && !decodingTicks.isEmpty {
      stated = decodingTicks.removeFirst()
    }
    let time = stated == aver_no_timestamp ? expected : seconds(stated)
    let later = last.map { time > $0 ? time : expected } ?? time
    last = later
    return later
  }
}
