import Datasets
import Media

/// Finds faces in pictures, with their eyes where a model marks them; used by one thread at a time.
final class FaceFinder {
  private let detector: FaceDetector
  private let landmarker: FaceLandmarker?
  private let minimumFace: Int?

  /// - Throws: `MediaError` naming the model that marks eyes.
  init(_ options: InferenceOptions) throws {
    let search = options.search()
    detector = try FaceDetector(threshold: search.threshold)
    landmarker = try options.landmarks.map { try FaceLandmarker(model: $0) }
    minimumFace = search.minimumFace
  }

  /// The faces of a picture, the surest first.
  func faces(in pixels: PixelBuffer) throws -> [TrackedFace] {
    try detector.detect(pixels, minimumFace: minimumFace).map {
      try face(in: pixels, region: $0.region)
    }
  }

  /// A face whose place is known.
  func face(in pixels: PixelBuffer, region: FaceRegion) throws -> TrackedFace {
    let points = try landmarker?.mark(pixels, region: region) ?? []
    return TrackedFace(region: region, eyes: EyeCenters(landmarks: points))
  }
}
