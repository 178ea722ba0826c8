import Datasets

/// What is wrong with the recordings of a fusion run.
enum FusionProblem: Error, CustomStringConvertible {
  /// A recording lacks the film or the sound.
  case noMedia(root: String, recording: String, modality: Modality)
  /// There are no recordings to train on or to choose by.
  case noRecordings(root: String, split: Split)

  var description: String {
    switch self {
    case .noMedia(let root, let recording, .visual):
      "\(root): recording \(recording) has no film in recordings_video; put it there, or set "
        + "fusion.modalities=audio fusion.modality_dropout=0"
    case .noMedia(let root, let recording, .audio):
      "\(root): recording \(recording) has no sound in recordings_audio; put it there, or set "
        + "fusion.modalities=visual fusion.modality_dropout=0"
    case .noRecordings(let root, let split):
      "\(root): has no recordings for \(split.rawValue) (\(Self.names(split)))"
    }
  }

  private static func names(_ split: Split) -> String {
    switch split {
    case .training: "train_N"
    case .validation: "dev_N"
    case .test: "test_N"
    }
  }
}
