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
  package private(set) var tables: [FeatureTable] = []
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
  ///   - threads: how many look for faces; they change nothing but the time.
  ///   - observe: see `FaceObserver`.
  /// - Throws: `MediaError`, `DatasetError`.
  package init(
    film: String, faces source: FaceSource, extent: FilmExtent, extractors: [any FaceRows],
    threads: Int = 1, observe: FaceObserver? = nil
  ) throws {
    self.film = film
    self.source = source
    self.extent = extent
    self.extractors = extractors
    batch = extractors.map(\.batch).min() ?? 1
    self.observe = observe
    let reader = try VideoReader(film)
    // What a file claims costs no memory before it is seen.
    frames = extent.frames ?? 0..<0
    claimedFrames = extent.frames?.count ?? extent.frameCount(of: reader.information)
    switch source {
    case .list(let file):
      framesInAll = claimedFrames
      phase = .extracting(reader, try Self.track(file, of: reader))
    case .detector(let options, let landmarks):
      framesInAll = 2 * claimedFrames
      phase = .finding(
        reader,
        try FaceTracker(
          options: options, landmarker: try landmarks.map { try FaceLandmarker(model: $0) },
          threads: threads))
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
    let reader = try VideoReader(film)
    let track = try tracker.finish().track
    if extent.isWhole {
      let end = (tracker.lastTime ?? 0) + 1 / reader.information.averageRate
      frames = 0..<extent.frameCount(seconds: end)
      framesInAll = 2 * frames.count
      makeTables()
    }
    framesDone = frames.count
    (looks, severalFaces) = (tracker.lookCount, tracker.looksWithSeveralFaces)
    phase = .extracting(reader, track)
  }

  /// Frames that a pass goes through at most, for each of its places: where pictures are held, or have no
  /// face, not every frame needs one.
  private static let framesPerPlace = 2

  /// Makes rows of the next frames that have a face, of as many pictures as a pass has places for. Frames that
  /// show the same picture have the same row.
  private func extract(_ reader: VideoReader, _ track: FaceTrack) throws {
    var pass = Pass()
    var frame = next
    let end = min(next + Self.framesPerPlace * batch, frames.count)
    while frame < end {
      let time = extent.centreSeconds(of: frames.lowerBound + frame)
      if let shown = try reader.frame(at: time) {
        guard place(frame, shown: shown, reader.pixels, track, in: &pass) else { break }
      } else {
        framesBehindEnd += 1
      }
      frame += 1
    }
    for (index, extractor) in extractors.enumerated() where pass.pictures > 0 {
      try extractor.run()
      for (frame, place) in pass.places {
        extractor.copyRow(of: place, to: &tables[index], frame: frame)
      }
    }
    framesDone += frame - next
    next = frame
    if next == frames.count { try finish() }
  }

  /// What is computed together.
  private struct Pass {
    /// Pictures that were set.
    var pictures = 0
    /// When the last of them is shown.
    var shown = -Double.infinity
    /// Frames, and which of the pictures they show.
    var places: [(frame: Int, place: Int)] = []
  }

  /// Gives a frame a place in a pass, where its picture has a face.
  ///
  /// - Parameter shown: when the picture is shown first.
  /// - Returns: false where there is no place left.
  private func place(
    _ frame: Int, shown: Double, _ pixels: PixelBuffer, _ track: FaceTrack, in pass: inout Pass
  ) -> Bool {
    guard let face = track.face(at: shown) else { return true }
    if shown != pass.shown {
      guard pass.pictures < batch else { return false }
      for extractor in extractors { extractor.set(face, in: pixels, place: pass.pictures) }
      pass.pictures += 1
      pass.shown = shown
    }
    pass.places.append((frame, pass.pictures - 1))
    if extent.isWhole { regions[frame] = face.region }
    observe?(frame, face, pixels)
    return true
  }

  package var framesWithRows: Int { next }

  package func forget(before frame: Int) {
    for index in tables.indices { tables[index].forget(before: frame) }
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
