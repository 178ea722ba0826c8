import Media

extension FaceTracker {
  /// The face of a video, and how many of its frames have it.
  public struct VideoTrack: Sendable {
    /// The dominant face; without sightings where none was found.
    public var track: FaceTrack
    /// How the frames fare.
    public var coverage: FaceCoverage
    /// What the file says about itself.
    public var video: VideoInformation

    /// A result with every field given.
    public init(track: FaceTrack, coverage: FaceCoverage, video: VideoInformation) {
      self.track = track
      self.coverage = coverage
      self.video = video
    }
  }

  /// Takes the frame that a video has gone to; pictures that are not looked at are not made.
  ///
  /// - Throws: as `add`.
  public func take(_ video: VideoReader, time: Double) throws {
    guard looks(at: time) else { return try pass(time: time) }
    try video.show()
    try add(video.pixels, time: time)
  }

  /// Follows the dominant face through a video, whose frames are decoded once, one after another.
  ///
  /// Memory is that of a few frames, 8 bytes for each frame and 48 for each face that was found in one.
  /// A core follows 25 frames of 640 × 360 a second where it looks at each for faces of 60 pixels, 90 for
  /// faces of 120 and 300 where it looks at one of seven for faces of 160; decoding alone is 390.
  ///
  /// - Parameters:
  ///   - landmarker: see `init`.
  ///   - threads: how many look for faces; the track is the same for any number.
  ///   - limits: what is refused.
  /// - Throws: `MediaError` naming the file; `DatasetError.setting`.
  public static func follow(
    video file: String, options: Options = Options(), landmarker: FaceLandmarker? = nil,
    threads: Int = 1, limits: VideoLimits = VideoLimits()
  ) throws -> VideoTrack {
    let tracker = try FaceTracker(
      options: options, landmarker: landmarker, threads: threads)
    let video = try VideoReader(file, limits: limits)
    while let time = try video.advance() { try tracker.take(video, time: time) }
    let (track, coverage) = try tracker.finish()
    return VideoTrack(track: track, coverage: coverage, video: video.information)
  }
}
