import Media

/// Finds faces in pictures, with their eyes where a model marks them; used by one thread at a time.
public final class FaceFinder {
  private let detector: FaceDetector
  private let landmarker: FaceLandmarker?
  private let minimumFace: Int?

  /// - Parameters:
  ///   - options: how faces are found; those about time do not matter.
  ///   - landmarker: marks 68 points on each face, for its eyes; nil for boxes alone.
  /// - Throws: `MediaError.codec` when there is no memory.
  public init(_ options: FaceTracker.Options, landmarker: FaceLandmarker? = nil) throws {
    detector = try FaceDetector(threshold: options.threshold)
    minimumFace = options.minimumFace
    self.landmarker = landmarker
  }

  /// The faces of a picture, the surest first.
  ///
  /// - Throws: `MediaError.codec` when there is no memory.
  public func faces(in pixels: PixelBuffer) throws -> [TrackedFace] {
    try regions(in: pixels).map { try face(in: pixels, region: $0) }
  }

  /// Where the faces of a picture are, the surest first.
  ///
  /// - Throws: `MediaError.codec` when there is no memory.
  public func regions(in pixels: PixelBuffer) throws -> [FaceRegion] {
    try detector.detect(pixels, minimumFace: minimumFace).map(\.region)
  }

  /// A face whose place is known.
  ///
  /// - Throws: `MediaError.codec` when there is no memory.
  public func face(in pixels: PixelBuffer, region: FaceRegion) throws -> TrackedFace {
    let points = try landmarker?.mark(pixels, region: region) ?? []
    return TrackedFace(region: region, eyes: EyeCenters(landmarks: points))
  }
}
