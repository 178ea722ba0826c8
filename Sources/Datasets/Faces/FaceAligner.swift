import Media

/// Cuts faces out of images, aligned by their eyes or around their box, with anti-aliasing.
///
/// Each output pixel is a weighted mean of the image under a pyramid, the product of two triangles
/// along the image's axes, around the point that the pixel's centre comes from. The triangles reach as
/// far as one output pixel, or one input pixel where that is more: where the image is made larger this
/// is bilinear interpolation (PyTorch's `grid_sample`), and where it is made smaller without rotation
/// it is the definition of PIL and of torchvision with `antialias`. Buffers are kept between calls.
///
/// - Shapes: the output is `[size, size, 3]`, float32, 0 to 1.
public final class FaceAligner {
  /// A face larger than this many pixels of the image for each of the square is sampled as if it were this
  /// large, which bounds the time that an absurd box takes.
  static let maximumReach = 64.0

  private let alignment: FaceAlignment
  private let horizontal = GrowingBuffer<Float>()
  private let vertical = GrowingBuffer<Float>()

  /// - Throws: `DatasetError.setting` for a value that cannot work.
  public init(_ alignment: FaceAlignment) throws {
    try alignment.validate()
    self.alignment = alignment
  }

  /// Floats of one square.
  public var outputCount: Int { 3 * alignment.size * alignment.size }

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
    var transform = alignment.transform(for: face)
    guard pixels.width > 0 && pixels.height > 0 && transform.isFinite else {
      output.update(repeating: 0, count: outputCount)
      return
    }
    transform.rotation /= Double(reduction.rawValue)
    transform.translation /= Double(reduction.rawValue)
    let reach = min(max(1, transform.scale), Self.maximumReach)
    let size = alignment.size
    for row in 0..<size {
      for column in 0..<size {
        let centre = transform.apply(to: SIMD2(Double(column) + 0.5, Double(row) + 0.5))
        let colour = sample(pixels, around: centre, reach: reach)
        let pixel = output + 3 * (row * size + (mirrored ? size - 1 - column : column))
        for channel in 0..<3 { pixel[channel] = colour[channel] }
      }
    }
  }

  /// The mean colour around a point of the image.
  private func sample(
    _ pixels: PixelBuffer, around centre: SIMD2<Double>, reach: Double
  ) -> SIMD4<Float> {
    guard let bytes = pixels.bytes.baseAddress,
      let columns = weights(centre.x, reach, limit: pixels.width, into: horizontal),
      let rows = weights(centre.y, reach, limit: pixels.height, into: vertical)
    else { return .zero }
    var sum = SIMD4<Float>.zero
    for row in rows {
      let line = UnsafeRawPointer(bytes + 4 * row * pixels.width)
      var lineSum = SIMD4<Float>.zero
      for column in columns {
        let pixel = line.loadUnaligned(fromByteOffset: 4 * column, as: SIMD4<UInt8>.self)
        lineSum += SIMD4<Float>(pixel) * horizontal.start[column - columns.lowerBound]
      }
      sum += lineSum * vertical.start[row - rows.lowerBound]
    }
    return sum / 255
  }

  /// The pixels of one direction that count, and how much: weights that sum to one, or to less where the
  /// border is black and the triangle reaches beyond it. Nil where no pixel counts.
  private func weights(
    _ centre: Double, _ reach: Double, limit: Int, into buffer: GrowingBuffer<Float>
  ) -> ClosedRange<Int>? {
    // Beyond this a triangle sees nothing but the border; no coordinate is too large for an integer then.
    let bounded = min(max(centre, -2 * reach), Double(limit) + 2 * reach)
    // Pixel i has its centre at i + 0.5.
    let first = Int((bounded - reach - 0.5).rounded(.up))
    let last = Int((bounded + reach - 0.5).rounded(.down))
    let lower = min(max(first, 0), limit - 1)
    let upper = min(max(last, 0), limit - 1)
    if alignment.border == .black && (last < 0 || first >= limit) { return nil }
    let weights = buffer.reserve(upper - lower + 1)
    weights.update(repeating: 0, count: upper - lower + 1)
    var sum: Float = 0
    for index in first...last {
      let weight = Float(max(0, 1 - abs(Double(index) + 0.5 - bounded) / reach))
      sum += weight
      let isInside = index >= 0 && index < limit
      if isInside || alignment.border == .edge {
        weights[min(max(index, 0), limit - 1) - lower] += weight
      }
    }
    for index in 0...(upper - lower) { weights[index] /= sum }
    return lower...upper
  }
}
