import CFaceDetector

/// Marks points on faces that a `FaceDetector` found; owns one of dlib's shape predictors.
///
/// The predictor is a file that the user names. Debian's `libdlib-data` has one for the usual 68 points;
/// the photographs that it was trained on (300-W) exclude commercial use, and its authors hold that this
/// extends to the predictor. So nothing here reads it unless it is asked for.
///
/// - Source: V. Kazemi and J. Sullivan, "One millisecond face alignment with an ensemble of regression
///   trees", CVPR 2014.
public final class FaceLandmarker {
  /// Where Debian and Ubuntu install their predictor.
  public static let systemModel = "/usr/share/dlib/shape_predictor_68_face_landmarks.dat"

  /// dlib marks whole pixels: a face this wide makes them half a percent of it.
  private static let workingWidth: Float = 200
  private let handle: OpaquePointer
  private let scaler = GreyScaler()
  /// How many points a face has.
  public let pointCount: Int

  /// Reads a predictor.
  ///
  /// - Throws: `MediaError.unreadable` naming the file.
  public init(model: String = FaceLandmarker.systemModel) throws {
    var reason = [CChar](repeating: 0, count: 256)
    guard let handle = face_landmarker_create(model, &reason, Int32(reason.count)) else {
      let text = String(
        decoding: reason.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      throw MediaError.unreadable(file: model, reason: "as a dlib shape predictor: \(text)")
    }
    self.handle = handle
    pointCount = Int(face_landmarker_count(handle))
  }

  deinit { face_landmarker_destroy(handle) }

  /// Marks the points of the face in `region`, as `FaceDetector` returned it.
  ///
  /// - Returns: points in pixels of `pixels`, in the predictor's order; none where the region lies outside.
  /// - Throws: `MediaError.codec` when there is no memory.
  public func mark(_ pixels: PixelBuffer, region: FaceRegion) throws -> [SIMD2<Float>] {
    // The predictor looks at most this far beyond the box.
    let margin = max(region.width, region.height) / 2
    let columns = Self.pixels(from: region.x, region.width, margin, limit: pixels.width)
    let rows = Self.pixels(from: region.y, region.height, margin, limit: pixels.height)
    guard !columns.isEmpty && !rows.isEmpty else { return [] }
    let scale = min(4, Self.workingWidth / max(1, region.width))
    let factors = try scaler.convert(
      pixels, columns: columns, rows: rows, scale: Double(scale))
    let origin = SIMD2(Float(columns.lowerBound), Float(rows.lowerBound))
    return try mark(region, origin: origin, factors: factors).map { $0 / factors + origin }
  }

  /// The points in pixels of the grey image, each at the middle of the pixel that dlib names.
  private func mark(
    _ region: FaceRegion, origin: SIMD2<Float>, factors: SIMD2<Float>
  ) throws -> [SIMD2<Float>] {
    let corner = (SIMD2(region.x, region.y) - origin) * factors
    var face = detected_face(
      left: Double(corner.x), top: Double(corner.y), width: Double(region.width * factors.x),
      height: Double(region.height * factors.y), score: 0)
    var points = [Double](repeating: 0, count: 2 * pointCount)
    let status = face_landmarker_mark(
      handle, scaler.grey, Int32(scaler.size.width), Int32(scaler.size.height),
      Int32(scaler.stride), &face, &points)
    guard status == 0 else { throw MediaError.codec(reason: "no memory to mark faces") }
    return (0..<pointCount).map { index in
      SIMD2(Float(points[2 * index]) + 0.5, Float(points[2 * index + 1]) + 0.5)
    }
  }

  /// The pixels of one direction that a box and its margin cover; none where it is no number.
  private static func pixels(
    from start: Float, _ length: Float, _ margin: Float, limit: Int
  ) -> Range<Int> {
    let lower = max(0, start - margin).rounded(.down)
    let upper = min(Float(limit), start + length + margin).rounded(.up)
    guard length > 0 && lower < upper else { return 0..<0 }
    return Int(lower)..<Int(upper)
  }
}
