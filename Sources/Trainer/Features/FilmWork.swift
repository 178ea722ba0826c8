import Datasets
import Media

/// Where the face of a film is, frame by frame.
enum FaceSource: Equatable, Sendable {
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
final class FilmWork: FeatureWork {
  private(set) var table: FeatureTable
  private(set) var framesDone = 0
  let framesInAll: Int

  private let film: String
  private let source: FaceSource
  private let frames: Range<Int>
  private let extractor: any FaceRows
  private var phase: Phase
  /// The next frame to extract, counted from the first.
  private var next = 0
  /// Frames of the film's own that lie behind its last picture.
  private var framesBehindEnd = 0

  private enum Phase {
    case finding(VideoReader, FaceTracker)
    case extracting(VideoReader, FaceTrack)
    case done
  }

  /// - Parameter frames: of the recording, 40 ms each.
  /// - Throws: `MediaError`, `DatasetError`.
  init(
    film: String, faces source: FaceSource, frames: Range<Int>, extractor: any FaceRows
  ) throws {
    self.film = film
    self.source = source
    self.frames = frames
    self.extractor = extractor
    table = FeatureTable(
      frames: frames.count, width: extractor.width, type: extractor.type)
    let reader = try VideoReader(film)
    switch source {
    case .list(let file):
      framesInAll = frames.count
      phase = .extracting(reader, try Self.track(file, of: reader))
    case .detector(let options, let landmarks):
      framesInAll = 2 * frames.count
      phase = .finding(
        reader,
        try FaceTracker(
          options: options, landmarker: try landmarks.map { try FaceLandmarker(model: $0) }))
    }
  }

  private static func track(_ file: String, of film: VideoReader) throws -> FaceTrack {
    try FaceTrackFile(
      file,
      options: FaceTrackFile.Options(frameTimes: .perSecond(film.information.averageRate))
    ).track
  }

  func advance() throws -> Bool {
    switch phase {
    case .finding(let reader, let tracker): try find(reader, tracker)
    case .extracting(let reader, let track): try extract(reader, track)
    case .done: return false
    }
    if case .done = phase { return false }
    return true
  }

  /// Looks for faces in the next pictures; behind the last annotation none matter.
  private func find(_ reader: VideoReader, _ tracker: FaceTracker) throws {
    for _ in 0..<extractor.batch {
      guard let time = try reader.next(),
        time < FrameClock.centreSeconds(of: frames.upperBound)
      else {
        framesDone = frames.count
        phase = .extracting(try VideoReader(film), tracker.finish().track)
        return
      }
      try tracker.add(reader.pixels, time: time)
      framesDone = min(framesDone + 1, frames.count - 1)
    }
  }

  /// Makes rows of the next frames that have a face.
  private func extract(_ reader: VideoReader, _ track: FaceTrack) throws {
    let end = min(next + extractor.batch, frames.count)
    var faces: [Int] = []
    for frame in next..<end {
      let time = FrameClock.centreSeconds(of: frames.lowerBound + frame)
      guard let shown = try reader.frame(at: time) else {
        framesBehindEnd += 1
        continue
      }
      guard let face = track.face(at: shown) else { continue }
      extractor.set(face, in: reader.pixels, place: faces.count)
      faces.append(frame)
    }
    if !faces.isEmpty { try extractor.run() }
    for (place, frame) in faces.enumerated() {
      extractor.copyRow(of: place, to: &table, frame: frame)
    }
    framesDone += end - next
    next = end
    if next == frames.count { try finish() }
  }

  private func finish() throws {
    if framesBehindEnd > FrameClock.toleranceFrames {
      throw FeatureProblem.tooShort(
        file: film,
        seconds: Double(frames.upperBound - framesBehindEnd) * FrameClock.periodSeconds,
        needed: Double(frames.upperBound) * FrameClock.periodSeconds)
    }
    if table.presentCount == 0 {
      throw FeatureProblem.noFace(film: film, frames: frames.count, faces: source.summary)
    }
    phase = .done
  }
}
