import Media

/// What lies outside an image.
public enum ImageBorder: String, Equatable, Sendable, CaseIterable {
  /// Black.
  case black
  /// The pixels of the image's edge, continued.
  case edge
}

/// Samples images at the points of a grid, with anti-aliasing.
///
/// Each output pixel is a weighted mean of the image under a pyramid, the product of two triangles
/// along the image's axes, around the pixel's centre. The triangles reach as far as one output pixel,
/// or one input pixel where that is more: where the image is made larger this is bilinear
/// interpolation (PyTorch's `grid_sample`), and where it is made smaller without rotation it is the
/// definition of PIL and of torchvision with `antialias`. Buffers are kept between calls.
final class GridSampler {
  /// Input pixels beyond this many for each output pixel are not looked at, which bounds the time that
  /// an absurd grid takes.
  static let maximumReach = 64.0

  let size: Int
  private let horizontal: TriangleWeights
  private let vertical: TriangleWeights

  /// - Parameter size: height and width of what comes out, in pixels.
  init(size: Int, border: ImageBorder) {
    self.size = size
    horizontal = TriangleWeights(border: border)
    vertical = TriangleWeights(border: border)
  }

  /// Samples `pixels` into `planes`; black where the image has no pixels or the grid no finite place.
  func sample(_ pixels: PixelBuffer, at grid: SamplingGrid, into planes: ImagePlanes) {
    let channels = pixels.channels == 1 ? 1 : 3
    let target = planes.begin(size: size, channels: channels)
    guard let bytes = pixels.bytes.baseAddress, pixels.width > 0, pixels.height > 0, grid.isFinite
    else { return target.update(repeating: 0, count: channels * size * size) }
    let reach = grid.reach.clamped(
      lowerBound: SIMD2(repeating: 1), upperBound: SIMD2(repeating: Self.maximumReach))
    for row in 0..<size {
      let start = grid.origin + Double(row) * grid.rowStep
      for column in 0..<size {
        let centre = start + Double(column) * grid.columnStep
        horizontal.compute(centre.x, reach: reach.x, limit: pixels.width)
        vertical.compute(centre.y, reach: reach.y, limit: pixels.height)
        let pixel = target + row * size + column
        if channels == 1 {
          pixel[0] = greyMean(bytes, width: pixels.width)
        } else {
          let colour = colourMean(bytes, width: pixels.width)
          pixel[0] = colour.x
          pixel[size * size] = colour.y
          pixel[2 * size * size] = colour.z
        }
      }
    }
  }

  private func colourMean(_ bytes: UnsafePointer<UInt8>, width: Int) -> SIMD4<Float> {
    var sum = SIMD4<Float>.zero
    for row in 0..<vertical.count {
      var line = UnsafeRawPointer(bytes) + 4 * ((vertical.first + row) * width + horizontal.first)
      var lineSum = SIMD4<Float>.zero
      for column in 0..<horizontal.count {
        let pixel = line.loadUnaligned(as: SIMD4<UInt8>.self)
        lineSum += SIMD4<Float>(pixel) * horizontal.values[column]
        line += 4
      }
      sum += lineSum * vertical.values[row]
    }
    return sum * (1 / 255)
  }

  private func greyMean(_ bytes: UnsafePointer<UInt8>, width: Int) -> Float {
    var sum: Float = 0
    for row in 0..<vertical.count {
      let line = bytes + (vertical.first + row) * width + horizontal.first
      var lineSum: Float = 0
      for column in 0..<horizontal.count {
        lineSum += Float(line[column]) * horizontal.values[column]
      }
      sum += lineSum * vertical.values[row]
    }
    return sum * (1 / 255)
  }
}

/// The pixels of one direction that count at a point, and how much: weights that sum to one, or to less
/// where the border is black and the triangle reaches beyond it.
private final class TriangleWeights {
  /// The first pixel that counts.
  private(set) var first = 0
  /// How many do, from the first on; 0 where none does.
  private(set) var count = 0
  private let border: ImageBorder
  let values = UnsafeMutablePointer<Float>.allocate(
    capacity: 2 * Int(GridSampler.maximumReach) + 2)

  init(border: ImageBorder) { self.border = border }

  deinit { values.deallocate() }

  func compute(_ centre: Double, reach: Double, limit: Int) {
    // Beyond this a triangle sees nothing but the border; no coordinate is too large for an integer then.
    let bounded = min(max(centre, -2 * reach), Double(limit) + 2 * reach)
    // Pixel i has its centre at i + 0.5.
    let lower = Int((bounded - reach - 0.5).rounded(.up))
    let upper = Int((bounded + reach - 0.5).rounded(.down))
    first = min(max(lower, 0), limit - 1)
    let last = min(max(upper, 0), limit - 1)
    if border == .black && (upper < 0 || lower >= limit) {
      count = 0
      return
    }
    count = last - first + 1
    values.update(repeating: 0, count: count)
    let slope = Float(1 / reach)
    var sum: Float = 0
    for index in lower...upper {
      let weight = max(0, 1 - abs(Float(Double(index) + 0.5 - bounded)) * slope)
      sum += weight
      if index >= first && index <= last {
        values[index - first] += weight
      } else if border == .edge {
        values[index < first ? 0 : count - 1] += weight
      }
    }
    let factor = 1 / sum
    for index in 0..<count { values[index] *= factor }
  }
}
