import CFaceDetector

/// Finds faces that look more or less towards the camera; owns one dlib detector, for one thread.
///
/// Five filters (front, turned left and right, rolled left and right) over histograms of oriented
/// gradients slide over an image pyramid. The filters are part of dlib: there is no model file. What
/// is found is a pure function of the pixels and the settings.
///
/// - Source: D. King, "Max-margin object detection", arXiv:1502.00046; dlib's `frontal_face_detector`,
///   trained on 4748 images of Labeled Faces in the Wild.
public final class FaceDetector {
  /// Faces of one image beyond this number, the ones that score least, are not reported.
  public static let maximumFaces = 64

  private let handle: OpaquePointer
  private let threshold: Float
  private let maximumPixels: Int
  private let scaler = GreyScaler()
  private var found = [detected_face](repeating: detected_face(), count: maximumFaces)

  /// - Parameters:
  ///   - threshold: the score from which on a face counts. At 0 false alarms are very rare; at −0.3
  ///     about half of the missed faces are found and some textures are taken for faces.
  ///   - maximumPixels: larger working images are made smaller, which bounds the time of a frame
  ///     (around 0.1 µs a pixel).
  /// - Throws: `MediaError.codec` when there is no memory.
  public init(threshold: Float = 0, maximumPixels: Int = 1 << 20) throws {
    precondition(maximumPixels > 0)
    guard let handle = face_detector_create() else {
      throw MediaError.codec(reason: "no memory for the face detector")
    }
    self.handle = handle
    self.threshold = threshold
    self.maximumPixels = maximumPixels
  }

  deinit { face_detector_destroy(handle) }

  /// Finds the faces of an image, best first.
  ///
  /// The image is scaled so that the smallest face fills the detector's window of 80 pixels; the time
  /// falls with the square of `minimumFace`.
  ///
  /// - Parameter minimumFace: the side of the smallest face to be found, in pixels of `pixels`; nil
  ///   for a sixth of its shorter side and at least 40. Where `maximumPixels` bounds the working image,
  ///   larger ones are missed too.
  /// - Returns: boxes in pixels of `pixels`, at most `maximumFaces`; they may reach over its edges.
  /// - Throws: `MediaError.codec` when there is no memory.
  public func detect(_ pixels: PixelBuffer, minimumFace: Int? = nil) throws -> [DetectedFace] {
    guard pixels.width > 0 && pixels.height > 0 else { return [] }
    let smallest = minimumFace ?? max(40, min(pixels.width, pixels.height) / 6)
    let factors = try scaler.convert(
      pixels, columns: 0..<pixels.width, rows: 0..<pixels.height,
      scale: scale(of: pixels, smallest: smallest))
    let count = face_detector_detect(
      handle, scaler.grey, Int32(scaler.size.width), Int32(scaler.size.height),
      Int32(scaler.stride), Double(threshold), &found, Int32(found.count))
    guard count >= 0 else { throw MediaError.codec(reason: "no memory to detect faces") }
    return found.prefix(Int(count)).map { face in
      DetectedFace(
        region: FaceRegion(
          x: Float(face.left) / factors.x, y: Float(face.top) / factors.y,
          width: Float(face.width) / factors.x, height: Float(face.height) / factors.y),
        score: Float(face.score))
    }
  }

  private func scale(of pixels: PixelBuffer, smallest: Int) -> Double {
    let bound = Double(maximumPixels) / (Double(pixels.width) * Double(pixels.height))
    return min(Double(FACE_DETECTOR_WINDOW) / Double(max(1, smallest)), bound.squareRoot())
  }
}
