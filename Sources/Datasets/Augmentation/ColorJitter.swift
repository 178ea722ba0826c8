import CounterRandom

/// Changes of brightness, contrast and saturation, in a random order.
///
/// - Source: torchvision's ColorJitter and its functional adjustments, on floating-point images.
struct ColorJitter {
  enum Kind: Int, CaseIterable { case brightness, contrast, saturation }

  /// What brightness, contrast and saturation are multiplied by.
  var factors: SIMD3<Float>
  /// The order in which they are: `Kind`'s raw values.
  var order: SIMD3<Int>

  /// Draws a jitter: factors uniform within 1 ± the augmentation's, never negative; each order alike.
  init(_ augmentation: Augmentation, from generator: inout CounterRandom) {
    order = SIMD3(0, 1, 2)
    for last in stride(from: 2, to: 0, by: -1) {
      let other = generator.integer(below: last + 1)
      (order[last], order[other]) = (order[other], order[last])
    }
    factors = SIMD3(
      generator.uniform(in: max(0, 1 - augmentation.brightness)...(1 + augmentation.brightness)),
      generator.uniform(in: max(0, 1 - augmentation.contrast)...(1 + augmentation.contrast)),
      generator.uniform(in: max(0, 1 - augmentation.saturation)...(1 + augmentation.saturation)))
  }

  /// Applies the adjustments to an image in place.
  ///
  /// - Shapes: `[pixels, 3]`, 0 to 1.
  func apply(to image: UnsafeMutablePointer<Float>, pixels: Int) {
    for step in 0..<3 {
      let factor = factors[order[step]]
      if factor != 1, let kind = Kind(rawValue: order[step]) {
        Self.adjust(kind, factor: factor, image, pixels)
      }
    }
  }

  static func adjust(
    _ kind: Kind, factor: Float, _ image: UnsafeMutablePointer<Float>, _ pixels: Int
  ) {
    switch kind {
    case .brightness: blend(image, 3 * pixels, factor: factor, with: 0)
    case .contrast:
      blend(image, 3 * pixels, factor: factor, with: meanGrey(image, pixels))
    case .saturation: saturate(image, pixels, factor: factor)
    }
  }

  private static func blend(
    _ values: UnsafeMutablePointer<Float>, _ count: Int, factor: Float, with other: Float
  ) {
    let added = (1 - factor) * other
    for index in 0..<count { values[index] = clamped(factor * values[index] + added) }
  }

  private static func saturate(
    _ image: UnsafeMutablePointer<Float>, _ pixels: Int, factor: Float
  ) {
    for index in 0..<pixels {
      let pixel = image + 3 * index
      let added = (1 - factor) * grey(pixel)
      for colour in 0..<3 { pixel[colour] = clamped(factor * pixel[colour] + added) }
    }
  }

  private static func meanGrey(_ image: UnsafeMutablePointer<Float>, _ pixels: Int) -> Float {
    var sum = 0.0
    for index in 0..<pixels { sum += Double(grey(image + 3 * index)) }
    return Float(sum / Double(pixels))
  }

  @inline(__always)
  private static func grey(_ pixel: UnsafeMutablePointer<Float>) -> Float {
    0.2989 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2]
  }

  @inline(__always)
  private static func clamped(_ value: Float) -> Float { min(max(value, 0), 1) }
}
