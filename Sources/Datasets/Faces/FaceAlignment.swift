import Media

/// How a face in an image becomes a square: where its eyes go, or how much of its surroundings is kept.
public struct FaceAlignment: Equatable, Sendable {
  /// From eye to eye, as a part of the square's width.
  public var eyeDistance: Double
  /// How far below the upper edge the eyes are, as a part of the square's height.
  public var eyeHeight: Double
  /// For boxes without eyes: the side of the square by the longer side of the box.
  public var boxMargin: Double
  /// What lies outside the image.
  public var border: ImageBorder

  /// An alignment with every field given.
  ///
  /// The eyes' default places are those of the 112-pixel template that ArcFace and its successors use,
  /// made symmetric: 35.2 pixels apart, 51.6 from the top.
  ///
  /// - Source: J. Deng et al., "ArcFace: additive angular margin loss for deep face recognition", CVPR
  ///   2019; the template is InsightFace's `arcface_src`.
  public init(
    eyeDistance: Double = 0.3146, eyeHeight: Double = 0.4607, boxMargin: Double = 1.3,
    border: ImageBorder = .black
  ) {
    self.eyeDistance = eyeDistance
    self.eyeHeight = eyeHeight
    self.boxMargin = boxMargin
    self.border = border
  }

  /// - Throws: `DatasetError.setting` for a value that cannot work.
  public func validate() throws {
    try DatasetError.require(
      (0.02...1).contains(eyeDistance), "eye distance", "\(eyeDistance) is not 0.02 to 1")
    try DatasetError.require(
      (0...1).contains(eyeHeight), "eye height", "\(eyeHeight) is not 0 to 1")
    try DatasetError.require(
      (0.25...8).contains(boxMargin), "box margin", "\(boxMargin) is not 0.25 to 8")
  }

  /// Takes points of the square to points of the image.
  ///
  /// The face's eyes go to their places, which turns, scales and shifts it. Without eyes the square is
  /// upright around the middle of the box. A pure function of `face`.
  ///
  /// - Parameter side: what the square's side is counted as, such as its pixels.
  public func transform(for face: TrackedFace, side: Double) -> SimilarityTransform {
    if let eyes = face.eyes, eyes.left != eyes.right {
      let height = eyeHeight * side
      return SimilarityTransform(
        from: (
          SIMD2((0.5 - eyeDistance / 2) * side, height),
          SIMD2((0.5 + eyeDistance / 2) * side, height)
        ),
        to: (SIMD2<Double>(eyes.left), SIMD2<Double>(eyes.right)))
    }
    let scale = boxMargin * Double(max(face.region.width, face.region.height)) / side
    return SimilarityTransform(
      rotation: SIMD2(scale, 0),
      translation: SIMD2<Double>(face.region.centre) - 0.5 * scale * side)
  }
}
