/// People who talk, with ratings of valence and arousal, in the layout of RECOLA.
struct RECOLASet: SyntheticSet {
  let name = "recola"
  let itemCount: Int
  private let trainingCount: Int
  private let seed: UInt64
  private let seconds: Int
  private let imageSize: Int

  private static let tracks = "recordings_faces"

  /// - Parameter imageSize: an odd one is made smaller by 1, since pixels of films share colours.
  init(seed: UInt64, clips: Int, seconds: Int, imageSize: Int) {
    self.seed = seed
    self.seconds = seconds
    self.imageSize = imageSize & ~1
    itemCount = clips
    trainingCount = clips - max(1, clips / 3)
  }

  var folders: [String] {
    ["individual", "gold_standard"].flatMap {
      ["ratings_\($0)/arousal", "ratings_\($0)/valence"]
    } + ["recordings_audio", "recordings_video", Self.tracks]
  }
  var summary: String {
    "\(trainingCount) train and \(itemCount - trainingCount) dev clips of \(seconds) s, of other "
      + "people, rated by six annotators"
  }

  func clip(_ item: Int) -> Clip {
    let isTraining = item < trainingCount
    return Clip(
      seed: seed,
      name: isTraining ? "train_\(item + 1)" : "dev_\(item - trainingCount + 1)", number: item,
      seconds: seconds, imageSize: imageSize)
  }

  /// - Returns: the track of the face.
  func write(_ item: Int, to folder: OutputFolder, with studio: FaceStudio) throws -> String {
    let clip = clip(item)
    let landmarks = try clip.write(
      video: folder.file("recordings_video/\(clip.name).mp4"),
      audio: folder.file("recordings_audio/\(clip.name).wav"), with: studio)
    return track(landmarks)
  }

  func writeLists(_ rows: [String], to folder: OutputFolder) throws {
    for (item, track) in rows.enumerated() {
      let clip = clip(item)
      try folder.write(track, to: "\(Self.tracks)/\(clip.name).csv")
      for (dimension, isArousal) in [("valence", false), ("arousal", true)] {
        let ratings = clip.ratings(ofArousal: isArousal)
        try folder.write(
          ratings.individualText, to: "ratings_individual/\(dimension)/\(clip.name).csv")
        try folder.write(
          ratings.goldText(of: clip.name),
          to: "ratings_gold_standard/\(dimension)/\(clip.name).arff")
      }
    }
  }

  /// A face's landmarks over time, in OpenFace's columns.
  private func track(_ landmarks: [FaceLandmarks]) -> String {
    let header =
      "frame,face_id,timestamp,confidence,success,"
      + (0..<68).map { "x_\($0)" }.joined(separator: ",") + ","
      + (0..<68).map { "y_\($0)" }.joined(separator: ",")
    let rows = landmarks.enumerated().map { frame, landmarks in
      let time = FaceLandmarks.hundredths(Float(frame) / Float(ClipRatings.framesPerSecond))
      let across = landmarks.points.map { FaceLandmarks.hundredths($0.x) }
      let down = landmarks.points.map { FaceLandmarks.hundredths($0.y) }
      return (["\(frame + 1)", "0", time, "1", "1"] + across + down).joined(separator: ",")
    }
    return list(header, rows)
  }
}
