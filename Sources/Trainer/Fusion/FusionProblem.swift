import Datasets

/// What is wrong with the recordings of a fusion run.
enum FusionProblem: Error, CustomStringConvertible {
  /// A recording lacks the film or the sound.
  case noMedia(root: String, recording: String, modality: Modality)
  /// A recording lacks whatever the network is to perceive.
  case nothingToPerceive(root: String, recording: String)
  /// No training recording has the film or the sound that the network is to learn from.
  case noneHas(root: String, modality: Modality)
  /// There are no recordings to train on or to choose by.
  case noRecordings(root: String, split: Split)

  var description: String {
    switch self {
    case .noMedia(let root, let recording, .visual):
      "\(root): recording \(recording) has no film in recordings_video; put it there, or set "
        + "data.on_missing=mask to use the recording without it"
    case .noMedia(let root, let recording, .audio):
      "\(root): recording \(recording) has no sound in recordings_audio; put it there, or set "
        + "data.on_missing=mask to use the recording without it"
    case .nothingToPerceive(let root, let recording):
      "\(root): recording \(recording) has nothing of what fusion.modalities names; put its film or "
        + "its sound there, or move its ratings away"
    case .noneHas(let root, .visual):
      "\(root): no training recording has a film in recordings_video; put films there, or set "
        + "fusion.modalities=audio fusion.modality_dropout=0"
    case .noneHas(let root, .audio):
      "\(root): no training recording has a sound in recordings_audio; put sounds there, or set "
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
