import CounterRandom
import Foundation

/// A rectangle of a sample that becomes the mean colour.
///
/// - Source: Z. Zhong et al., "Random Erasing Data Augmentation", AAAI 2020; torchvision's RandomErasing
///   with its defaults.
struct RandomErasing {
  /// The part of the sample's area that is erased.
  static let scale: ClosedRange<Float> = 0.02...0.33
  /// Height by width of the rectangle.
  static let ratio: ClosedRange<Double> = 0.3...3.3

  /// Draws a rectangle within a sample of `size` pixels; nil where ten tries gave none that fits.
  static func rectangle(size: Int, from generator: inout CounterRandom) -> CropBox? {
    let logarithms = log(ratio.lowerBound)...log(ratio.upperBound)
    for _ in 0..<10 {
      let area = Double(size * size) * Double(generator.uniform(in: scale))
      let fraction = Double(generator.uniform())
      let shape = exp(
        logarithms.lowerBound + (logarithms.upperBound - logarithms.lowerBound) * fraction)
      let rows = Int((area * shape).squareRoot().rounded(.toNearestOrEven))
      let columns = Int((area / shape).squareRoot().rounded(.toNearestOrEven))
      guard (1..<size).contains(rows) && (1..<size).contains(columns) else { continue }
      let y = generator.integer(below: size - rows + 1)
      let x = generator.integer(below: size - columns + 1)
      return CropBox(x: x, y: y, width: columns, height: rows)
    }
    return nil
  }
}
