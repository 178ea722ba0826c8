import Media

/// Resizes parts of images to a square, bilinear with anti-aliasing.
///
/// Each output pixel is a weighted mean of the input pixels under a triangle that is as wide as two
/// output pixels, or two input pixels where that is more: the definition of PIL and of torchvision
/// with `antialias`. Values are not rounded between the two passes. Buffers are kept between calls.
///
/// - Shapes: the output is `[size, size, 3]`, float32, 0 to 1.
final class Resampler {
  let size: Int
  private var horizontal = ResamplingTaps()
  private var vertical = ResamplingTaps()
  /// One input row as floats, `[width, 4]`.
  private let row = GrowingBuffer<Float>()
  /// The input rows after the horizontal pass, `[rows, size]`.
  private let narrowed = GrowingBuffer<SIMD4<Float>>()

  init(size: Int) { self.size = size }

  /// Resizes one part of `pixels` into `output`.
  ///
  /// - Parameters:
  ///   - crop: the part, in pixels of the whole image; outside it no pixel counts.
  ///   - reduction: by how much smaller `pixels` is than the whole image.
  ///   - mirrored: whether left and right are exchanged.
  func resize(
    _ pixels: PixelBuffer, crop: CropBox, reduction: DecodingReduction, mirrored: Bool,
    into output: UnsafeMutablePointer<Float>
  ) {
    let divisor = Double(reduction.rawValue)
    horizontal.compute(
      start: Double(crop.x) / divisor, length: Double(crop.width) / divisor,
      limit: pixels.width, count: size)
    vertical.compute(
      start: Double(crop.y) / divisor, length: Double(crop.height) / divisor,
      limit: pixels.height, count: size)
    narrow(pixels)
    shorten(mirrored: mirrored, into: output)
  }

  /// The horizontal pass, over the rows that the vertical one needs.
  private func narrow(_ pixels: PixelBuffer) {
    guard let source = pixels.bytes.baseAddress else { return }
    let lines = vertical.inputs
    let columns = horizontal.inputs
    let floats = row.reserve(4 * columns.count)
    let target = narrowed.reserve(lines.count * size)
    for line in lines {
      let bytes = source + 4 * (line * pixels.width + columns.lowerBound)
      for index in 0..<(4 * columns.count) { floats[index] = Float(bytes[index]) }
      floats.withMemoryRebound(to: SIMD4<Float>.self, capacity: columns.count) {
        horizontal.apply(
          to: $0 - columns.lowerBound, count: size,
          into: target + (line - lines.lowerBound) * size)
      }
    }
  }

  /// The vertical pass, which also drops the fourth value, scales to 0...1 and mirrors.
  private func shorten(mirrored: Bool, into output: UnsafeMutablePointer<Float>) {
    let source = narrowed.start
    let first = vertical.inputs.lowerBound
    for y in 0..<size {
      let tap = vertical.tap(y)
      let lines = source + (tap.start - first) * size
      for x in 0..<size {
        var sum = SIMD4<Float>.zero
        for index in 0..<tap.count { sum += lines[index * size + x] * tap.weights[index] }
        sum *= 1 / 255
        let pixel = output + 3 * (y * size + (mirrored ? size - 1 - x : x))
        pixel[0] = sum.x
        pixel[1] = sum.y
        pixel[2] = sum.z
      }
    }
  }
}

/// Which inputs each output of a one-dimensional resize takes, and with what weights.
struct ResamplingTaps {
  private let starts = GrowingBuffer<Int>()
  private let counts = GrowingBuffer<Int>()
  private let weights = GrowingBuffer<Float>()
  private var stride = 0
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
      starts[output] = first
      counts[output] = last - first
      Self.triangle(
        centre: centre, support: support, first: first, count: last - first,
        into: weights + output * stride)
    }
    inputs = starts[0]..<(starts[count - 1] + counts[count - 1])
  }

  /// The inputs of one output.
  func tap(_ output: Int) -> (start: Int, count: Int, weights: UnsafeMutablePointer<Float>) {
    (starts.start[output], counts.start[output], weights.start + output * stride)
  }

  /// Sums the inputs of each of `count` outputs.
  func apply(
    to source: UnsafePointer<SIMD4<Float>>, count: Int,
    into target: UnsafeMutablePointer<SIMD4<Float>>
  ) {
    let starts = starts.start
    let counts = counts.start
    var weights = weights.start
    for output in 0..<count {
      let inputs = source + starts[output]
      var sum = SIMD4<Float>.zero
      for index in 0..<counts[output] { sum += inputs[index] * weights[index] }
      target[output] = sum
      weights += stride
    }
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
