import Datasets
import Media

/// Where the face of a film is, frame by frame.
package enum FaceSource: Equatable, Sendable {
  /// A list of faces says so.
  case list(String)
  /// A detector finds it.
  case detector(FaceTracker.Options, landmarks: String?)

  /// What is said of it in messages.
  var summary: String {
    switch self {
    case .list(let file): "listed in \(file)"
    case .detector: "looked for by the detector"
    }
  }
}

/// Rows of the faces of a film: where a list does not say where they are, the film is gone
/// through once to find them, since the dominant face is only known at its end; then once more.
package final class FilmWork: FeatureWork {
  /// What each of the extractors made.
  package private(set) var tables: [FeatureTable]
  /// What the first made.
  package var table: FeatureTable { tables[0] }
  package private(set) var framesDone = 0
  package private(set) var framesInAll: Int
  /// Where the face of each frame is that has one; of a film that is taken as a whole.
  package private(set) var regions: [FaceRegion?] = []

  /// Pictures in which faces were looked for.
  package private(set) var looks = 0
  /// Those of them that have several.
  package private(set) var severalFaces = 0

  private let film: String
  private let decoders: Int
  private let source: FaceSource
  private let extent: FilmExtent
  private let extractors: [any FaceRows]
  /// Frames of a pass.
  private let batch: Int
  private let observe: FaceObserver?
  private var phase: Phase
  /// The frames; of a whole film they are known once it was gone through.
  private var frames: Range<Int>
  /// How many there are by what the film says of itself.
  private let claimedFrames: Int
  /// The next frame to extract, counted from the first.
  private var next = 0
  /// Frames of the film's own that lie behind its last picture.
  private var framesBehindEnd = 0

  private enum Phase {
    case finding(VideoReader, FaceTracker)
    case extracting(VideoReader, FaceTrack)
    case done
  }

  /// Hears of each frame that has a face, in order: the frame, the face and the picture, which is valid as
  /// long as the call.
  package typealias FaceObserver = (_ frame: Int, _ face: TrackedFace, _ picture: PixelBuffer) ->
    Void

  /// - Parameters:
  ///   - extent: which frames.
  ///   - extractors: at least one; each makes a table.
  ///   - decoders: threads that decode the film; they change nothing but the time.
  ///   - observe: see `FaceObserver`.
  /// - Throws: `MediaError`, `DatasetError`.
  package init(
    film: String, faces source: FaceSource, extent: FilmExtent, extractors: [any FaceRows],
    decoders: Int = 1, observe: FaceObserver? = nil
  ) throws {
    self.film = film
    self.decoders = decoders
    self.source = source
    self.extent = extent
    self.extractors = extractors
    batch = extractors.map(\.batch).min() ?? 1
    self.observe = observe
    let reader = try VideoReader(film, threads: decoders)
    // What a file claims costs no memory before it is seen.
    frames = extent.frames ?? 0..<0
    claimedFrames = extent.frames?.count ?? extent.frameCount(of: reader.information)
    tables = []
    switch source {
    case .list(let file):
      framesInAll = claimedFrames
      phase = .extracting(reader, try Self.track(file, of: reader))
    case .detector(let options, let landmarks):
      framesInAll = 2 * claimedFrames
      phase = .finding(
        reader,
        try FaceTracker(
          options: options, landmarker: try landmarks.map { try FaceLandmarker(model: $0) }))
    }
    makeTables()
  }

  private static func track(_ file: String, of film: VideoReader) throws -> FaceTrack {
    try FaceTrackFile(
      file,
      options: FaceTrackFile.Options(frameTimes: .perSecond(film.information.averageRate))
    ).track
  }

  private func makeTables() {
    tables = extractors.map {
      FeatureTable(frames: frames.count, width: $0.width, type: $0.type)
    }
    if extent.isWhole { regions = Array(repeating: nil, count: frames.count) }
  }

  package func advance() throws -> Bool {
    switch phase {
    case .finding(let reader, let tracker): try find(reader, tracker)
    case .extracting(let reader, let track): try extract(reader, track)
    case .done: return false
    }
    if case .done = phase { return false }
    return true
  }

  /// Looks for faces in the next pictures; behind the last frame that is wanted none matter.
  private func find(_ reader: VideoReader, _ tracker: FaceTracker) throws {
    for _ in 0..<batch {
      guard let time = try reader.advance(), extent.isWanted(time) else {
        try finishFinding(tracker)
        return
      }
      try tracker.take(reader, time: time)
      framesDone = min(framesDone + 1, claimedFrames - 1)
    }
  }

  private func finishFinding(_ tracker: FaceTracker) throws {
    let reader = try VideoReader(film, threads: decoders)
    if extent.isWhole {
      let end = (tracker.lastTime ?? 0) + 1 / reader.information.averageRate
      frames = 0..<extent.frameCount(seconds: end)
      framesInAll = 2 * frames.count
      makeTables()
    }
    framesDone = frames.count
    (looks, severalFaces) = (tracker.lookCount, tracker.looksWithSeveralFaces)
    phase = .extracting(reader, tracker.finish().track)
  }

  /// Makes rows of the next frames that have a face.
  private func extract(_ reader: VideoReader, _ track: FaceTrack) throws {
    let end = min(next + batch, frames.count)
    var faces: [Int] = []
    for frame in next..<end {
      let time = extent.centreSeconds(of: frames.lowerBound + frame)
      guard let shown = try reader.frame(at: time) else {
        framesBehindEnd += 1
        continue
      }
      guard let face = track.face(at: shown) else { continue }
      for extractor in extractors {
        extractor.set(face, in: reader.pixels, place: faces.count)
      }
      observe?(frame, face, reader.pixels)
      if extent.isWhole { regions[frame] = face.region }
      faces.append(frame)
    }
    for (index, extractor) in extractors.enumerated() where !faces.isEmpty {
      try extractor.run()
      for (place, frame) in faces.enumerated() {
        extractor.copyRow(of: place, to: &tables[index], frame: frame)
      }
    }
    framesDone += end - next
    next = end
    if next == frames.count { try finish() }
  }

  /// Of annotated frames it is known that they are there and that they have a face.
  private func finish() throws {
    phase = .done
    guard !extent.isWhole else { return }
    if framesBehindEnd > FrameClock.toleranceFrames {
      throw FeatureProblem.tooShort(
        file: film,
        seconds: extent.seconds(of: frames.upperBound - framesBehindEnd),
        needed: extent.seconds(of: frames.upperBound))
    }
    if table.presentCount == 0 {
      throw FeatureProblem.noFace(film: film, frames: frames.count, faces: source.summary)
    }
  }
}

/// Which moments of a film are looked at.
package struct FilmExtent: Equatable, Sendable {
  /// Frames of an annotated recording; nil for all that the film has.
  let frames: Range<Int>?
  /// Seconds from one frame to the next.
  package let periodSeconds: Double

  /// Frames of an annotated recording, 40 ms each.
  static func annotated(_ frames: Range<Int>) -> FilmExtent {
    FilmExtent(frames: frames, periodSeconds: FrameClock.periodSeconds)
  }

  /// The whole film.
  package static func whole(periodSeconds: Double = FrameClock.periodSeconds) -> FilmExtent {
    FilmExtent(frames: nil, periodSeconds: periodSeconds)
  }

  /// Whether it is all that the film has.
  var isWhole: Bool { frames == nil }

  /// The middle of a frame: half a frame from where neighbours begin, so that times that were rounded name
  /// the right picture.
  package func centreSeconds(of frame: Int) -> Double { (Double(frame) + 0.5) * periodSeconds }

  /// Where a frame begins.
  package func seconds(of frame: Int) -> Double { Double(frame) * periodSeconds }

  /// Whether a picture that is shown from `time` on can be of a frame.
  func isWanted(_ time: Double) -> Bool {
    frames.map { time < centreSeconds(of: $0.upperBound) } ?? true
  }

  /// How many frames a film has by what it says of itself.
  func frameCount(of film: VideoInformation) -> Int {
    frameCount(seconds: film.durationSeconds ?? 0)
  }

  /// The frames whose middle lies before an end, at least one.
  func frameCount(seconds: Double) -> Int {
    max(1, Int((seconds / periodSeconds - 0.5).rounded(.up)))
  }
}
