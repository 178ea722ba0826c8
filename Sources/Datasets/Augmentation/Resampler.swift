import CVectorKernels
import Media

/// Resizes parts of images to a square, bilinear with anti-aliasing.
///
/// Each output pixel is a weighted mean of the input pixels under a triangle that is as wide as two
/// output pixels, or two input pixels where that is more: the definition of PIL and of torchvision
/// with `antialias`. Values are not rounded between the two passes, rows first. Buffers are kept between
/// calls.
final class Resampler {
  let size: Int
  private var horizontal = ResamplingTaps()
  private var vertical = ResamplingTaps()
  private let scratch = GrowingBuffer<Float>()

  init(size: Int) { self.size = size }

  /// Resizes one part of `pixels` into `planes`.
  ///
  /// - Parameters:
  ///   - crop: the part, in pixels of the whole image; outside it no pixel counts.
  ///   - reduction: by how much smaller `pixels` is than the whole image.
  ///   - mirrored: whether left and right are exchanged.
  func resize(
    _ pixels: PixelBuffer, crop: CropBox, reduction: DecodingReduction, mirrored: Bool,
    into planes: ImagePlanes
  ) {
    let divisor = Double(reduction.rawValue)
    horizontal.compute(
      start: Double(crop.x) / divisor, length: Double(crop.width) / divisor,
      limit: pixels.width, count: size)
    vertical.compute(
      start: Double(crop.y) / divisor, length: Double(crop.height) / divisor,
      limit: pixels.height, count: size)
    var columns = horizontal.description(mirrored: mirrored)
    var rows = vertical.description(mirrored: false)
    var picture = aver_picture(
      bytes: pixels.bytes.baseAddress, width: pixels.width, channels: pixels.channels)
    aver_resize_u8(
      planes.begin(size: size, channels: pixels.channels == 1 ? 1 : 3),
      scratch.reserve(aver_resize_scratch(&columns)), &picture, &columns, &rows, 1 / 255)
  }
}

/// Which inputs each output of a one-dimensional resize takes, and with what weights.
struct ResamplingTaps {
  private let starts = GrowingBuffer<Int32>()
  private let counts = GrowingBuffer<Int32>()
  private let weights = GrowingBuffer<Float>()
  private var stride = 0
  private var outputs = 0
  /// The inputs that any output takes.
  private(set) var inputs = 0..<0

  /// Maps inputs [`start`, `start + length`) to `count` outputs; inputs at `limit` and above do not exist.
  mutating func compute(start: Double, length: Double, limit: Int, count: Int) {
    let lower = Int(start.rounded(.down))
    let upper = min(limit, Int((start + length).rounded(.up)))
    let scale = length / Double(count)
    let support = max(1, scale)
    stride = Int((2 * support).rounded(.up)) + 2
    let starts = starts.reserve(count)
    let counts = counts.reserve(count)
    let weights = weights.reserve(count * stride)
    for output in 0..<count {
      let centre = start + (Double(output) + 0.5) * scale
      // Half a pixel is added because input i has its centre at i + 0.5.
      let first = min(max(lower, Int((centre - support + 0.5).rounded(.down))), upper - 1)
      let last = min(max(first + 1, Int((centre + support + 0.5).rounded(.down))), upper)
      starts[output] = Int32(first)
      counts[output] = Int32(last - first)
      Self.triangle(
        centre: centre, support: support, first: first, count: last - first,
        into: weights + output * stride)
    }
    outputs = count
    inputs = Int(starts[0])..<Int(starts[count - 1] + counts[count - 1])
  }

  /// The taps as the kernel takes them; valid until the next `compute`.
  func description(mirrored: Bool) -> aver_taps {
    aver_taps(
      starts: starts.start, counts: counts.start, weights: weights.start, stride: stride,
      outputs: outputs, mirrored: mirrored, first: inputs.lowerBound, end: inputs.upperBound)
  }

  /// Weights that sum to one.
  private static func triangle(
    centre: Double, support: Double, first: Int, count: Int,
    into weights: UnsafeMutablePointer<Float>
  ) {
    var sum = 0.0
    for index in 0..<count { sum += weight(centre, support, first + index) }
    for index in 0..<count {
      let weight = weight(centre, support, first + index)
      // A sliver at the edge of a box may lie wholly outside the triangle: its one pixel counts.
      weights[index] = sum > 0 ? Float(weight / sum) : 1 / Float(count)
    }
  }

  private static func weight(_ centre: Double, _ support: Double, _ input: Int) -> Double {
    max(0, 1 - abs(Double(input) + 0.5 - centre) / support)
  }
}
