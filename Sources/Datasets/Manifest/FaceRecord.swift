/// Where the face is, in pixels of the whole image.
public struct FaceBox: Equatable, Sendable {
  /// The left edge.
  public var x: Int
  /// The upper edge.
  public var y: Int
  /// Columns.
  public var width: Int
  /// Rows.
  public var height: Int

  /// A box with its upper left corner at (`x`, `y`).
  public init(x: Int, y: Int, width: Int, height: Int) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }
}

/// One labelled face: a row of a data set's list.
public struct FaceRecord: Equatable, Sendable {
  /// The image file, relative to the data set's root.
  public var imagePath: String
  /// The face in the image; nil stands for the whole image.
  public var faceBox: FaceBox?
  /// The class, nil where the data set does not say.
  public var expression: Expression?
  /// Unpleasant (−1) to pleasant (1), nil where unknown.
  public var valence: Float?
  /// Calm (−1) to excited (1), nil where unknown.
  public var arousal: Float?
  /// The line of the list where the row begins, counted from 1.
  public var line: Int

  /// A record with every field given.
  public init(
    imagePath: String, faceBox: FaceBox?, expression: Expression?, valence: Float?,
    arousal: Float?, line: Int
  ) {
    self.imagePath = imagePath
    self.faceBox = faceBox
    self.expression = expression
    self.valence = valence
    self.arousal = arousal
    self.line = line
  }
}

/// What happens to rows and images that cannot be used: the setting `data.on_error`.
public enum ErrorPolicy: Equatable, Sendable {
  /// The first one ends the run.
  case fail
  /// They are left out and counted; more than `limit` of them end the run.
  case skip(limit: Int)

  /// The same without a limit: for who reads only a part, when another counts over all parts.
  public var withoutLimit: ErrorPolicy {
    switch self {
    case .fail: .fail
    case .skip: .skip(limit: .max)
    }
  }
}
