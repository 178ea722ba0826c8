import Media

/// Cuts faces out of images, aligned by their eyes or around their box, with anti-aliasing.
///
/// See `GridSampler` for how pixels are weighted. Buffers are kept between calls.
///
/// - Shapes: the output is `[size, size, 3]`, float32, 0 to 1.
public final class FaceAligner {
  private let alignment: FaceAlignment
  private let sampler: GridSampler
  private let resampler: Resampler
  private let planes = ImagePlanes()

  /// - Parameter size: height and width of the square, in pixels.
  /// - Throws: `DatasetError.setting` for a value that cannot work.
  public init(_ alignment: FaceAlignment, size: Int) throws {
    try alignment.validate()
    try DatasetError.require((8...4096).contains(size), "image size", "\(size) is not 8 to 4096")
    self.alignment = alignment
    sampler = GridSampler(size: size, border: alignment.border)
    resampler = Resampler(size: size)
  }

  /// Floats of one square.
  public var outputCount: Int { 3 * sampler.size * sampler.size }

  /// The reduction with which a JPEG of the face may be decoded and still have more pixels than the square.
  public func reduction(for face: TrackedFace) -> DecodingReduction {
    grid(of: face).largestReduction
  }

  /// Cuts `face` out of an image. A pure function of its arguments.
  ///
  /// - Parameters:
  ///   - pixels: the image, or a smaller version of it.
  ///   - reduction: by how much smaller `pixels` is than the image that `face` refers to.
  ///   - mirrored: whether left and right of the square are exchanged.
  ///   - output: takes the square; black where the image has no pixels or the face no finite place.
  public func align(
    _ face: TrackedFace, in pixels: PixelBuffer, reduction: DecodingReduction = .none,
    mirrored: Bool = false, into output: UnsafeMutablePointer<Float>
  ) {
    let grid = grid(of: face).reduced(by: reduction)
    sampler.sample(
      pixels, at: mirrored ? grid.mirrored(size: sampler.size) : grid, into: planes)
    planes.write(to: output, format: .plain, factor: .one, added: .zero)
  }

  /// Resizes a whole image to the square, as evaluations see images that show a face and little else.
  ///
  /// - Parameter output: takes the square.
  public func resize(_ pixels: PixelBuffer, into output: UnsafeMutablePointer<Float>) {
    resampler.resize(
      pixels, crop: CropBox(x: 0, y: 0, width: pixels.width, height: pixels.height),
      reduction: .none, mirrored: false, into: planes)
    planes.write(to: output, format: .plain, factor: .one, added: .zero)
  }

  private func grid(of face: TrackedFace) -> SamplingGrid {
    let size = sampler.size
    return SamplingGrid(
      dividing: CropBox(x: 0, y: 0, width: size, height: size), by: size,
      transform: alignment.transform(for: face, side: Double(size)))
  }
}
