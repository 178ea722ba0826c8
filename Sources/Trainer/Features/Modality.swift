import Datasets

/// What a recording is perceived by.
enum Modality: String, CaseIterable, Codable, Sendable {
  /// The film.
  case visual
  /// The sound.
  case audio

  /// What it is perceived from.
  var medium: String { self == .visual ? "film" : "sound" }
}

/// When the frames of a recording are: one every 40 ms, as annotations have them.
enum FrameClock {
  /// Seconds from one frame to the next.
  static let periodSeconds = Recording.framePeriodSeconds
  /// By how many frames a film or a sound may end before the annotations do: 0.4 s of five minutes.
  static let toleranceFrames = RecordingManifest.defaultToleranceFrames

  /// The middle of a frame, in seconds from the recording's start: half a frame from where neighbours
  /// begin, so that times that were rounded name the right picture.
  static func centreSeconds(of frame: Int) -> Double { (Double(frame) + 0.5) * periodSeconds }

  /// The frames of a number of seconds, rounded.
  static func frames(seconds: Double) -> Int { Int((seconds / periodSeconds).rounded()) }
}
