import Media

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

/// Where the eyes of a face are, in pixels of the whole image: enough to turn it upright.
public struct EyeCenters: Equatable, Sendable {
  /// The eye that is on the left in the image, the person's right one: (x, y).
  public var left: SIMD2<Float>
  /// The eye that is on the right in the image: (x, y).
  public var right: SIMD2<Float>

  /// Eyes around the two points.
  public init(left: SIMD2<Float>, right: SIMD2<Float>) {
    self.left = left
    self.right = right
  }
}

/// One labelled face: a row of a data set's list.
public struct FaceRecord: Equatable, Sendable {
  /// The image file, relative to the data set's root, or absolute.
  public var imagePath: String
  /// The face in the image; nil stands for the whole image.
  public var faceBox: FaceBox?
  /// The face in fractions of the image, of lists that know no pixels; `faceBox` is nil then.
  public var fractionalBox: FractionalBox?
  /// The eyes, nil where the data set does not say.
  public var eyes: EyeCenters?
  /// The class, nil where the data set does not say.
  public var expression: Expression?
  /// Unpleasant (−1) to pleasant (1), nil where unknown.
  public var valence: Float?
  /// Calm (−1) to excited (1), nil where unknown.
  public var arousal: Float?
  /// The line of the list where the row begins, counted from 1; 0 for a file found in a folder.
  public var line: Int

  /// A record with every field given.
  public init(
    imagePath: String, faceBox: FaceBox?, fractionalBox: FractionalBox? = nil,
    eyes: EyeCenters? = nil, expression: Expression?,
    valence: Float?, arousal: Float?, line: Int
  ) {
    self.imagePath = imagePath
    self.faceBox = faceBox
    self.fractionalBox = fractionalBox
    self.eyes = eyes
    self.expression = expression
    self.valence = valence
    self.arousal = arousal
    self.line = line
  }

  /// The box in pixels of its image; nil stands for the whole image.
  public func box(in size: ImageSize) -> FaceBox? { faceBox ?? fractionalBox?.pixels(in: size) }
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
