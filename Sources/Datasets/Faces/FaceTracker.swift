import Media

/// Follows the dominant face through the frames of a video; used by one thread at a time.
///
/// A detector finds the faces of each frame; faces whose boxes overlap from frame to frame are one; the
/// one that covers most, in area times frames, is the track. Frames in which it was not found are bridged
/// by interpolation, up to a length. What comes out is a pure function of the frames and the settings.
///
///     let tracker = try FaceTracker()
///     while let frame = try video.next() { try tracker.add(frame.pixels, time: frame.time) }
///     let (track, coverage) = try tracker.finish()
public final class FaceTracker {
  /// How faces are found and followed.
  public struct Options: Equatable, Sendable {
    /// The side of the smallest face, in pixels; nil for a sixth of the frame's shorter side.
    public var minimumFace: Int?
    /// The detector's score from which on a face counts.
    public var threshold: Float
    /// Frames closer than this to the one looked at last are not looked at, in seconds: 0 looks at all.
    public var intervalSeconds: Double
    /// Gaps up to this long are interpolated, in seconds.
    public var maximumGapSeconds: Double
    /// Boxes are averaged over so long before and after, in seconds; 0 leaves them as they are.
    public var smoothingSeconds: Double

    /// Options with every field given.
    public init(
      minimumFace: Int? = nil, threshold: Float = 0, intervalSeconds: Double = 0,
      maximumGapSeconds: Double = 0.5, smoothingSeconds: Double = 0.2
    ) {
      self.minimumFace = minimumFace
      self.threshold = threshold
      self.intervalSeconds = intervalSeconds
      self.maximumGapSeconds = maximumGapSeconds
      self.smoothingSeconds = smoothingSeconds
    }
  }

  private let options: Options
  /// One for each thread; the first marks eyes, too.
  private let finders: [FaceFinder]
  /// Pictures that are looked at together, once there is one for each thread.
  private var waiting: [(picture: PixelBuffer, time: Double)] = []
  private var spare: [PixelBuffer] = []
  private var fragments: FaceFragments
  private var times: [Double] = []
  private var lastLook = -Double.infinity
  /// Frames that were looked at; all of them once `finish` was called.
  public private(set) var lookCount = 0
  /// Those of them in which there are several faces.
  public private(set) var looksWithSeveralFaces = 0

  /// - Parameters:
  ///   - landmarker: marks 68 points on each face, for its eyes; without one faces have boxes only.
  ///   - threads: how many look for faces; what is found is the same for any number.
  /// - Throws: `DatasetError.setting`, `MediaError.codec`.
  public init(
    options: Options = Options(), landmarker: FaceLandmarker? = nil, threads: Int = 1
  ) throws {
    try options.validate()
    if let landmarker, landmarker.pointCount != Landmarks.count {
      throw DatasetError.setting(
        name: "face landmarks",
        reason:
          "the model marks \(landmarker.pointCount) points; one of \(Landmarks.count) is needed")
    }
    self.options = options
    finders = try (0..<max(1, threads)).map {
      try FaceFinder(options, landmarker: $0 == 0 ? landmarker : nil)
    }
    // A face that jumps less than its own width in that time still overlaps itself.
    fragments = FaceFragments(linkSeconds: max(options.maximumGapSeconds, options.intervalSeconds))
  }

  /// Looks for faces in the next frame.
  ///
  /// - Parameter time: seconds since the video's start; rises from frame to frame.
  /// - Throws: `DatasetError.setting` where the time does not rise, `MediaError.codec`.
  public func add(_ pixels: PixelBuffer, time: Double) throws {
    let isLook = looks(at: time)
    try note(time)
    guard isLook else { return }
    lastLook = time
    guard finders.count > 1 else { return link(try finders[0].faces(in: pixels), time: time) }
    let picture = spare.popLast() ?? PixelBuffer()
    picture.copy(pixels)
    waiting.append((picture, time))
    if waiting.count == finders.count { try lookAtWaiting() }
  }

  private func lookAtWaiting() throws {
    // None waits for a second look, whatever comes of the first.
    let looked = waiting
    waiting = []
    let regions = try looked.indices.parallelMap {
      try finders[$0].regions(in: looked[$0].picture)
    }
    for ((picture, time), regions) in zip(looked, regions) {
      link(try regions.map { try finders[0].face(in: picture, region: $0) }, time: time)
      spare.append(picture)
    }
  }

  private func link(_ faces: [TrackedFace], time: Double) {
    lookCount += 1
    if faces.count > 1 { looksWithSeveralFaces += 1 }
    fragments.add(faces, time: time)
  }

  /// Whether the next frame, of this time, is looked at; the others need no pixels.
  public func looks(at time: Double) -> Bool {
    // A hundredth of a millisecond allows for times that were rounded.
    time - lastLook >= options.intervalSeconds - 1e-5
  }

  /// Goes on to the next frame in the video's order without looking at it.
  ///
  /// - Throws: `DatasetError.setting` where the time does not rise.
  public func pass(time: Double) throws { try note(time) }

  private func note(_ time: Double) throws {
    guard time.isFinite && time > (times.last ?? -.infinity) else {
      throw DatasetError.setting(
        name: "frame time", reason: "\(time) s does not come after \(times.last ?? 0) s")
    }
    times.append(time)
  }

  /// When the frame that was added last is shown; nil before the first.
  public var lastTime: Double? { times.last }

  /// The dominant face through all frames added so far, and how many of them have it.
  ///
  /// The track is empty where no face was found.
  ///
  /// - Throws: `MediaError.codec`.
  public func finish() throws -> (track: FaceTrack, coverage: FaceCoverage) {
    try lookAtWaiting()
    let gap = max(options.maximumGapSeconds, 1.5 * options.intervalSeconds)
    let frameSeconds = zip(times, times.dropFirst()).map { $1 - $0 }.min() ?? 0
    let track = FaceTrack(
      sightings: heldToTheEnd(fragments.dominant()), maximumGapSeconds: gap,
      reachSeconds: frameSeconds / 4)
    return (track.smoothed(seconds: options.smoothingSeconds), track.coverage(of: times))
  }
}

extension FaceTracker {
  /// Frames behind the last look have the face that was seen there: no other look follows to bridge to.
  private func heldToTheEnd(_ sightings: [FaceTrack.Sighting]) -> [FaceTrack.Sighting] {
    guard let last = sightings.last, let end = times.last, last.time == lastLook, end > lastLook
    else { return sightings }
    return sightings + [FaceTrack.Sighting(time: end, face: last.face)]
  }
}

extension FaceTracker.Options {
  /// How the face of a film is followed where nothing else is asked for: a look every 0.2 s.
  public static let ofFilms = FaceTracker.Options(intervalSeconds: 0.2)

  /// - Throws: `DatasetError.setting` for a value that cannot work.
  public func validate() throws {
    if let minimumFace, minimumFace < 8 {
      throw DatasetError.setting(
        name: "minimum face", reason: "\(minimumFace) is less than 8 pixels")
    }
    if !threshold.isFinite {
      throw DatasetError.setting(name: "face threshold", reason: "\(threshold) is not finite")
    }
    for (name, seconds) in [
      ("face interval", intervalSeconds), ("maximum gap", maximumGapSeconds),
      ("face smoothing", smoothingSeconds),
    ] where !(seconds >= 0 && seconds.isFinite) {
      throw DatasetError.setting(name: name, reason: "\(seconds) seconds is negative or infinite")
    }
  }
}
