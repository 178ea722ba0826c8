import Datasets
import Media

/// Images as a network sees them, made visible again.
struct SampleImages {
  /// Height and width, in pixels.
  let size: Int
  /// `[samples, size, size, 3]`, normalised.
  private let values: [Float]
  private let mean: SIMD3<Float>
  private let deviation: SIMD3<Float>

  /// Samples in all.
  var count: Int { values.count / (3 * size * size) }

  /// Images that a loader wrote, in the plain format.
  init(_ values: [Float], _ augmentation: Augmentation) {
    self.values = values
    size = augmentation.imageSize
    mean = augmentation.mean
    deviation = augmentation.standardDeviation
  }

  /// One of them.
  ///
  /// - Throws: `MediaError.codec`.
  func picture(of sample: Int) throws -> JPEGPicture {
    let pixels = PixelBuffer(width: size, height: size)
    draw(sample, into: pixels, column: 0, row: 0, factor: 1)
    return try JPEGPicture(pixels)
  }

  /// The first ones side by side.
  ///
  /// - Parameters:
  ///   - columns: and at most as many rows.
  ///   - most: pixels of an image; larger ones are made smaller by a whole factor.
  /// - Returns: nil without images.
  /// - Throws: `MediaError.codec`.
  func sheet(columns: Int, most: Int) throws -> JPEGPicture? {
    let shown = min(count, columns * columns)
    guard shown > 0 else { return nil }
    let factor = (size + most - 1) / most
    let side = size / factor
    let rows = (shown + columns - 1) / columns
    let pixels = PixelBuffer(width: side * min(columns, shown), height: side * rows)
    // A last row may be short.
    for index in pixels.bytes.indices { pixels.bytes[index] = 0 }
    for sample in 0..<shown {
      draw(
        sample, into: pixels, column: sample % columns * side, row: sample / columns * side,
        factor: factor)
    }
    return try JPEGPicture(pixels)
  }

  /// Writes a sample, each pixel the mean of `factor` × `factor`.
  private func draw(
    _ sample: Int, into pixels: PixelBuffer, column: Int, row: Int, factor: Int
  ) {
    let bytes = pixels.bytes
    for y in 0..<(size / factor) {
      for x in 0..<(size / factor) {
        let color = color(sample, x: x * factor, y: y * factor, factor: factor)
        let start = 4 * ((row + y) * pixels.width + column + x)
        for channel in 0..<3 { bytes[start + channel] = UInt8(color[channel]) }
      }
    }
  }

  /// In whole numbers from 0 to 255.
  private func color(_ sample: Int, x: Int, y: Int, factor: Int) -> SIMD3<Float> {
    var sum = SIMD3<Float>.zero
    for row in y..<(y + factor) {
      for column in x..<(x + factor) {
        let start = 3 * ((sample * size + row) * size + column)
        sum += SIMD3(values[start], values[start + 1], values[start + 2])
      }
    }
    let color = (sum / Float(factor * factor) * deviation + mean) * 255
    // A number that is not finite compares with nothing: it becomes 0.
    let finite = color.replacing(with: 0, where: .!(color .== color))
    return finite.clamped(lowerBound: .zero, upperBound: SIMD3(repeating: 255)).rounded(
      .toNearestOrEven)
  }
}
