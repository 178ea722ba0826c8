import CounterRandom
import Foundation

/// Random changes of geometry and colours, of one strength.
///
/// Each operation works on float32 colours in 0...1 as torchvision's `transforms.v2` does on floating-point
/// images, geometry bilinear, black coming in from outside.
///
/// - Source: E. D. Cubuk et al., "RandAugment", CVPR Workshops 2020; operations and magnitudes of
///   torchvision's RandAugment.
struct RandAugment {
  enum Operation: Int, CaseIterable {
    case identity, shearX, shearY, translateX, translateY, rotate, brightness, colour, contrast
    case sharpness, posterize, solarize, autoContrast, equalize

    /// Kept, since `allCases` makes an array each time.
    static let all = allCases

    /// Whether the magnitude's sign is drawn.
    var isSigned: Bool { rawValue >= Self.shearX.rawValue && rawValue <= Self.sharpness.rawValue }

    /// The magnitude of a strength from 0 to 30 for an image of `size` pixels.
    func magnitude(strength: Int, size: Int) -> Float {
      let fraction = Float(strength) / Float(RandAugment.strongest)
      return switch self {
      case .identity, .autoContrast, .equalize: 0
      case .shearX, .shearY: 0.3 * fraction
      case .translateX, .translateY: 150 / 331 * Float(size) * fraction
      case .rotate: 30 * fraction
      case .brightness, .colour, .contrast, .sharpness: 0.9 * fraction
      case .posterize: 8 - (4 * fraction).rounded(.toNearestOrEven)
      case .solarize: 1 - fraction
      }
    }
  }

  /// The largest strength.
  static let strongest = 30

  /// How many operations an image undergoes, one after the other; the same may come twice.
  var operations: Int
  /// From 0 to `strongest`.
  var strength: Int

  /// Draws the operations of an image and applies them.
  func apply(to image: ImagePlanes, from generator: inout CounterRandom) {
    for _ in 0..<operations {
      let operation = Operation.all[generator.integer(below: Operation.all.count)]
      var magnitude = operation.magnitude(strength: strength, size: image.size)
      if operation.isSigned && generator.uniform() < 0.5 { magnitude = -magnitude }
      Self.apply(operation, magnitude: magnitude, to: image)
    }
  }

  static func apply(_ operation: Operation, magnitude: Float, to image: ImagePlanes) {
    let half = Float(image.size) / 2
    switch operation {
    case .identity: break
    case .shearX: image.transform(AffineMap(xFromY: magnitude, xOffset: magnitude * half))
    case .shearY: image.transform(AffineMap(yFromX: magnitude, yOffset: magnitude * half))
    case .translateX: image.transform(AffineMap(xOffset: -magnitude.rounded(.towardZero)))
    case .translateY: image.transform(AffineMap(yOffset: -magnitude.rounded(.towardZero)))
    case .rotate: image.transform(AffineMap(degrees: magnitude))
    case .brightness: ColorJitter.adjust(.brightness, factor: 1 + magnitude, image)
    case .colour: ColorJitter.adjust(.saturation, factor: 1 + magnitude, image)
    case .contrast: ColorJitter.adjust(.contrast, factor: 1 + magnitude, image)
    case .sharpness: image.sharpen(by: 1 + magnitude)
    case .posterize: image.posterize(bits: Int(magnitude))
    case .solarize: image.solarize(from: magnitude)
    case .autoContrast: image.stretchContrast()
    case .equalize: image.equalize()
    }
  }
}
