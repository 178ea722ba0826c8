/// What stands above the axis of time, from the top down.
enum TimePart: Equatable {
  case thumbnails
  case classes
  case valence
  case arousal

  /// Between two of them.
  static let distance = 24.0
  /// For a heading.
  static let heading = 22.0
  /// Of a class's row.
  static let row = 25.0
  /// Of the band of the most probable class, and what is below it.
  static let ribbon = (height: 12.0, distance: 10.0)
  private static let trace = 96.0

  func height(classes: Int) -> Double {
    switch self {
    case .thumbnails: RecordingFigure.thumbnailSide + 8
    case .classes:
      Self.heading + Self.ribbon.height + Self.ribbon.distance + Double(classes) * Self.row
    case .valence, .arousal: Self.heading + Self.trace
    }
  }

  /// Those that have something to show.
  static func parts(
    _ recording: Recording, hasThumbnails: Bool, hasClasses: Bool
  ) -> [TimePart] {
    let shown: [(TimePart, Bool)] = [
      (.thumbnails, hasThumbnails), (.classes, hasClasses),
      (.valence, recording.moments.contains { $0.estimate.valence != nil }),
      (.arousal, recording.moments.contains { $0.estimate.arousal != nil }),
    ]
    return shown.filter(\.1).map(\.0)
  }
}
