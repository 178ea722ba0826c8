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

  /// Adjusts an image.
  func apply(to image: ImagePlanes) {
    for step in 0..<3 {
      let factor = factors[order[step]]
      if factor != 1, let kind = Kind(rawValue: order[step]) {
        Self.adjust(kind, factor: factor, image)
      }
    }
  }

  static func adjust(_ kind: Kind, factor: Float, _ image: ImagePlanes) {
    switch kind {
    case .brightness: image.scale(by: factor)
    case .contrast: image.scale(by: factor, adding: (1 - factor) * image.meanGrey())
    case .saturation: image.scale(by: factor, addingOwnGrey: 1 - factor)
    }
  }
}
