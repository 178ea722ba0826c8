import Media

/// What is said of one moment of a recording.
public struct DrawnMoment: Equatable, Sendable {
  /// Since the start of the recording. A moment whose time is not finite is left out of figures.
  public var seconds: Double
  /// The face, in pixels of the frame; nil where there is none, or where faces are not looked for.
  public var region: FaceRegion?
  /// What is said.
  public var estimate: EmotionEstimate

  /// A moment at `seconds`.
  public init(
    seconds: Double, region: FaceRegion? = nil, estimate: EmotionEstimate = EmotionEstimate()
  ) {
    self.seconds = seconds
    self.region = region
    self.estimate = estimate
  }
}

/// What a recording looks like at one moment.
public struct DrawnThumbnail: Equatable, Sendable {
  /// Since the start of the recording.
  public var seconds: Double
  /// The face.
  public var picture: DrawnPicture

  /// A picture of the moment at `seconds`.
  public init(seconds: Double, picture: DrawnPicture) {
    self.seconds = seconds
    self.picture = picture
  }
}

/// A face of a still picture, and what is said of it.
public struct DrawnFace: Equatable, Sendable {
  /// The face; nil where it is not to be shown.
  public var picture: DrawnPicture?
  /// What is said.
  public var estimate: EmotionEstimate

  /// A face.
  public init(picture: DrawnPicture? = nil, estimate: EmotionEstimate) {
    self.picture = picture
    self.estimate = estimate
  }
}

/// All that a figure shows.
public struct DrawnPrediction: Equatable, Sendable {
  /// What a prediction is about.
  public enum Content: Equatable, Sendable {
    /// A film or a sound: moments in any order and any number, those without a face among them. Where no
    /// moment has a face and something is said all the same, as of a sound, faces are not spoken of.
    case recording(moments: [DrawnMoment], thumbnails: [DrawnThumbnail])
    /// The faces of a picture; they are numbered from 1 where there are several.
    case still(faces: [DrawnFace])
  }

  /// What stands above, such as the name of the file; whatever it holds, it is shortened to fit.
  public var title: String
  /// Names of the classes; empty where there are none.
  public var classes: [String]
  /// What is shown.
  public var content: Content

  /// A prediction of what is given.
  public init(title: String, classes: [String], content: Content) {
    self.title = title
    self.classes = classes
    self.content = content
  }
}
