/// The sound track of anything that FFmpeg opens, in its place in time.
final class SoundTrackSource: SoundSource {
  /// How far ahead of a moment decoding starts, so that the decoder's state has settled there.
  private static let secondsAhead = 1
  /// Time stamps that are off by less than this many seconds are jitter; more is a gap.
  private static let smallestGap = 0.1
  /// The longest gap, in seconds, in a file that does not say how long it is.
  private static let longestGap = 60

  let header: AudioHeader
  var seeksExactly: Bool { !track.findsMoments }

  private let file: RegularFile
  private var track: SoundTrack
  /// The sample that is read next.
  private var position = 0
  /// The sample that is decoded next; nil after a jump, until the file says where it led.
  private var decoded: Int? = 0
  private var isFirst = true
  /// Samples of silence before `pending`.
  private var silence = 0
  private var pending = UnsafeBufferPointer<Float>(start: nil, count: 0)

  /// - Throws: `MediaError`.
  init(_ file: RegularFile) throws {
    self.file = file
    track = try SoundTrack(file)
    header = track.header
  }

  func seek(to frame: Int) throws {
    let ahead = Self.secondsAhead * header.rate
    if track.findsMoments && frame > 2 * ahead {
      try jump(to: frame - ahead)
      if position <= frame { return try skip(to: frame) }
    }
    let canGoOn = track.findsMoments ? isFirst : frame >= position
    if !canGoOn { try restart() }
    try skip(to: frame)
  }

  func read(into block: UnsafeMutableBufferPointer<Float>) throws -> Int {
    var count = 0
    while count < block.count {
      guard try hasMore() else { break }
      let silent = min(silence, block.count - count)
      block[count..<(count + silent)].update(repeating: 0)
      count += silent
      let heard = min(pending.count, block.count - count)
      for index in 0..<heard { block[count + index] = pending[index] }
      count += heard
      drop(silent: silent, heard: heard)
    }
    return count
  }

  private func restart() throws {
    pending = UnsafeBufferPointer(start: nil, count: 0)
    track = try SoundTrack(file)
    (position, decoded, isFirst, silence) = (0, 0, true, 0)
  }

  private func jump(to frame: Int) throws {
    pending = UnsafeBufferPointer(start: nil, count: 0)
    silence = 0
    isFirst = false
    decoded = nil
    // Behind the end there is nothing to go to: the reader then finds the end from the start.
    guard (try? track.jump(to: frame)) != nil, try hasMore() else { return position = .max }
  }

  private func skip(to frame: Int) throws {
    while position < frame, try hasMore() {
      let silent = min(silence, frame - position)
      drop(silent: silent, heard: min(pending.count, frame - position - silent))
    }
  }

  private func drop(silent: Int, heard: Int) {
    silence -= silent
    pending = UnsafeBufferPointer(rebasing: pending[heard...])
    position += silent + heard
  }

  /// Decodes on where all was read; false at the end.
  private func hasMore() throws -> Bool {
    do {
      return try decodeMore()
    } catch {
      // Whatever is read next starts afresh: damage must not be passed over by asking again.
      (position, isFirst) = (.max, false)
      throw error
    }
  }

  private func decodeMore() throws -> Bool {
    while silence == 0 && pending.isEmpty {
      guard let (samples, start) = try track.decode() else {
        try requireWhole()
        return false
      }
      try place(samples, at: start)
      if try endsHere() { return !pending.isEmpty }
    }
    return true
  }

  /// Leaves out what fills the codec's last block behind the end that MP4 states.
  private func endsHere() throws -> Bool {
    guard track.findsMoments, track.claimIsFirm, let claimed = header.frames, let decoded,
      decoded > claimed
    else { return false }
    pending = UnsafeBufferPointer(rebasing: pending.dropLast(decoded - claimed))
    return true
  }

  /// Makes `samples` pending, where their time stamp says.
  private func place(_ samples: UnsafeBufferPointer<Float>, at start: Int?) throws {
    guard let expected = decoded else { return try land(samples, at: start) }
    let gap = start.map { $0 - expected } ?? 0
    // What a decoder gives before time 0 is not heard.
    let dropped = isFirst ? min(max(0, -gap), samples.count) : 0
    let smallestGap = isFirst ? 1 : Int(Self.smallestGap * Double(header.rate))
    if gap >= smallestGap { try fill(gap, from: expected) }
    pending = UnsafeBufferPointer(rebasing: samples[dropped...])
    // A first frame that lies wholly before time 0 leaves the next to be first.
    isFirst = isFirst && pending.isEmpty
    decoded = expected + silence + pending.count
  }

  private func fill(_ gap: Int, from expected: Int) throws {
    let longest = Self.longestGap * header.rate
    guard expected + gap <= max(header.frames ?? 0, expected + longest) else {
      let seconds = [expected, expected + gap].map { Double($0) / Double(header.rate) }
      throw MediaError.brokenSound(
        file: file.path, reason: "time stamps jump from \(seconds[0]) s to \(seconds[1]) s")
    }
    silence = gap
  }

  /// Takes the first samples after a jump.
  private func land(_ samples: UnsafeBufferPointer<Float>, at start: Int?) throws {
    // Without a time stamp nobody knows where the jump led: the reader goes the long way.
    position = start ?? .max
    decoded = position == .max ? nil : position + samples.count
    pending = samples
  }

  /// - Throws: `MediaError.truncatedSound` where the header claims clearly more than was decoded.
  private func requireWhole() throws {
    guard track.claimIsFirm, let claimed = header.frames, let decoded else { return }
    let slack = Int(Self.smallestGap * Double(header.rate))
    guard claimed > decoded + slack else { return }
    throw MediaError.truncatedSound(
      file: file.path, claimed: "\(claimed) samples", present: "\(decoded)")
  }
}
