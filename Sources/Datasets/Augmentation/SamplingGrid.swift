import Media

/// Where the centres of a square's pixels lie in an image: a grid of parallelograms, turned as it may be.
struct SamplingGrid: Equatable {
  /// The centre of the pixel in the upper left corner: (x, y) in pixels of the image.
  var origin: SIMD2<Double>
  /// From a pixel to its neighbour on the right.
  var columnStep: SIMD2<Double>
  /// From a pixel to the one below.
  var rowStep: SIMD2<Double>

  /// The grid of `size` × `size` pixels that share a box.
  ///
  /// - Parameter transform: takes the coordinates of `box` to those of the image.
  init(dividing box: CropBox, by size: Int, transform: SimilarityTransform) {
    let step = SIMD2(Double(box.width), Double(box.height)) / Double(size)
    let rotation = transform.rotation
    columnStep = step.x * rotation
    rowStep = step.y * SIMD2(-rotation.y, rotation.x)
    origin = transform.apply(to: SIMD2(Double(box.x), Double(box.y)) + 0.5 * step)
  }

  /// The largest reduction after which the image still has more pixels than the square.
  var largestReduction: DecodingReduction {
    let scale = min((columnStep * columnStep).sum(), (rowStep * rowStep).sum()).squareRoot()
    return .largest(upTo: scale)
  }

  /// How far a pixel of the square reaches along the image's axes, in pixels of the image.
  var reach: SIMD2<Double> {
    (columnStep * columnStep + rowStep * rowStep).squareRoot()
  }

  /// Whether all of its numbers are.
  var isFinite: Bool {
    (origin + columnStep + rowStep).sum().isFinite && (reach * reach).sum().isFinite
  }

  /// The grid with left and right exchanged.
  func mirrored(size: Int) -> SamplingGrid {
    var grid = self
    grid.origin += Double(size - 1) * columnStep
    grid.columnStep = -columnStep
    return grid
  }

  /// The grid in an image that has been made smaller.
  func reduced(by reduction: DecodingReduction) -> SamplingGrid {
    var grid = self
    let divisor = Double(reduction.rawValue)
    grid.origin /= divisor
    grid.columnStep /= divisor
    grid.rowStep /= divisor
    return grid
  }
}
