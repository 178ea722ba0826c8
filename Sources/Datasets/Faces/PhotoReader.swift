import Media

/// Reads whole images of a list and finds the faces in them; used by one thread.
public final class PhotoReader {
  /// The image that was looked at last.
  public let pixels = PixelBuffer()
  private let manifest: FaceManifest
  private let decoder: ImageDecoder
  private let finder: FaceFinder
  private let shards: ShardReader?

  /// - Parameters:
  ///   - options: how faces are found; those about time do not matter.
  ///   - landmarker: marks the eyes of each face; nil for boxes alone.
  /// - Throws: `DatasetError.setting`; `MediaError.codec`.
  public init(
    of manifest: FaceManifest, options: FaceTracker.Options = FaceTracker.Options(),
    landmarker: FaceLandmarker? = nil
  ) throws {
    try options.validate()
    self.manifest = manifest
    decoder = try ImageDecoder()
    finder = try FaceFinder(options, landmarker: landmarker)
    shards = OpenShards(of: manifest).map(ShardReader.init)
  }

  /// Reads an image and finds its faces.
  ///
  /// - Returns: the surest first; none where there is no face.
  /// - Throws: `MediaError`, `DatasetError` naming the image.
  public func faces(ofImage row: Int) throws -> [TrackedFace] {
    if let shards {
      _ = try decoder.open(bytes: shards.bytes(of: row), name: shards.name(of: row))
    } else {
      _ = try decoder.open(manifest.path(of: manifest.records[row]))
    }
    try decoder.decode(into: pixels)
    return try finder.faces(in: pixels)
  }

  /// What messages call an image.
  public func name(of row: Int) -> String {
    shards?.name(of: row) ?? manifest.path(of: manifest.records[row])
  }
}
