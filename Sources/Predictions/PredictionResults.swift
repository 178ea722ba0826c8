import AverInference
import Drawing
import Media

/// What was predicted of one input.
struct PredictionResults {
  enum Content {
    /// Of a film or a sound, with pictures of the face here and there.
    case recording(RecordingPrediction, [DrawnThumbnail])
    /// Of the faces of a picture, with what each looks like.
    case still([FacePrediction], [DrawnPicture])
  }

  let content: Content
  let classes: [String]
  /// Whether it is said where faces are.
  let hasRegions: Bool
  let remarks: [String]

  /// The lines of the table.
  func forEachLine(
    _ format: PredictionFormat, _ use: (String) throws -> Void
  ) throws {
    switch content {
    case .recording(let prediction, _):
      let table = PredictionTable(row: .frame, classes: classes, hasRegions: hasRegions)
      try use(table.header(format))
      for moment in prediction.moments {
        try use(
          table.line(
            moment.frame, seconds: moment.seconds, region: moment.region, moment.estimate, format))
      }
    case .still(let faces, _):
      let table = PredictionTable(row: .face, classes: classes, hasRegions: hasRegions)
      try use(table.header(format))
      for (index, face) in faces.enumerated() {
        try use(table.line(index, seconds: nil, region: face.region, face.estimate, format))
      }
    }
  }

  /// What a picture of it shows.
  func drawn(title: String) -> DrawnPrediction {
    let content: DrawnPrediction.Content =
      switch content {
      case .recording(let prediction, let thumbnails):
        .recording(moments: prediction.moments.map(\.drawn), thumbnails: thumbnails)
      case .still(let faces, let pictures):
        .still(
          faces: zip(faces, pictures).map {
            DrawnFace(picture: $1, estimate: $0.estimate.drawn)
          })
      }
    return DrawnPrediction(title: title, classes: classes, content: content)
  }
}

extension Moment {
  /// As it is drawn.
  var drawn: DrawnMoment {
    DrawnMoment(seconds: seconds, region: region, estimate: estimate.drawn)
  }
}

extension Estimate {
  fileprivate var drawn: EmotionEstimate {
    EmotionEstimate(probabilities: probabilities, valence: valence, arousal: arousal)
  }
}

extension Picture {
  /// A small picture of a face of it, or of all of it.
  func drawn(around region: FaceRegion?) throws -> DrawnPicture {
    try DrawnPicture(of: makePixels(), around: region)
  }
}

/// Collects pictures of the face of a film for a figure: many at first, of which a few are chosen once it is known
/// how long the film is.
final class Thumbnails {
  private let isWanted: Bool
  private var kept: [(frame: Int, picture: DrawnPicture)] = []
  /// Frames between two pictures.
  private var stride = 1
  private var failure: (any Error)?

  /// Pictures that are held at a time.
  private static let most = 256

  init(isWanted: Bool) { self.isWanted = isWanted }

  /// Looks at frames; nil where no pictures are wanted.
  var observer: FrameObserver? {
    isWanted ? { [self] in look($0) } : nil
  }

  private func look(_ shown: FilmFrame) {
    guard shown.frame % stride == 0, failure == nil else { return }
    do {
      kept.append((shown.frame, try DrawnPicture(of: shown.pixels, around: shown.region)))
    } catch {
      failure = error
    }
    guard kept.count >= Self.most else { return }
    stride *= 2
    kept = kept.filter { $0.frame % stride == 0 }
  }

  /// Those that a figure shows: the nearest to each of its places.
  func drawn(of prediction: RecordingPrediction) throws -> [DrawnThumbnail] {
    if let failure { throw failure }
    guard let first = prediction.moments.first, let last = prediction.moments.last else {
      return []
    }
    let period = prediction.periodSeconds
    let wanted = PredictionFigure.thumbnailSeconds(from: first.seconds, to: last.seconds + period)
    let gap = zip(wanted, wanted.dropFirst()).map { $1 - $0 }.min() ?? .infinity
    return wanted.compactMap { seconds in
      let nearest = kept.min {
        abs(Double($0.frame) * period - seconds) < abs(Double($1.frame) * period - seconds)
      }
      guard let nearest, abs(Double(nearest.frame) * period - seconds) <= gap / 2 else {
        return nil
      }
      return DrawnThumbnail(seconds: Double(nearest.frame) * period, picture: nearest.picture)
    }
  }
}
