import CounterRandom
import Foundation
import Media

/// A part of an image, in whole pixels.
struct CropBox: Equatable {
  var x: Int
  var y: Int
  var width: Int
  var height: Int

  var size: ImageSize { ImageSize(width: width, height: height) }

  /// The part of an image of `size` that lies in `box`; nil where that is nothing.
  init?(clamping box: FaceBox?, to size: ImageSize) {
    let box = box ?? FaceBox(x: 0, y: 0, width: size.width, height: size.height)
    x = max(0, box.x)
    y = max(0, box.y)
    width = min(size.width, box.x + box.width) - x
    height = min(size.height, box.y + box.height) - y
    if width <= 0 || height <= 0 { return nil }
  }

  init(x: Int, y: Int, width: Int, height: Int) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  /// A random part of this box: of an area within `scale` of its own, of a shape within `ratio`.
  ///
  /// Ten tries, then the largest central part whose shape is within `ratio`.
  ///
  /// - Source: torchvision's RandomResizedCrop.
  func random(
    scale: ClosedRange<Float>, ratio: ClosedRange<Float>, from generator: inout CounterRandom
  ) -> CropBox {
    let area = Double(width * height)
    let logarithms = log(Double(ratio.lowerBound))...log(Double(ratio.upperBound))
    for _ in 0..<10 {
      let wanted = area * Double(generator.uniform(in: scale))
      let fraction = Double(generator.uniform())
      let shape = exp(
        logarithms.lowerBound + (logarithms.upperBound - logarithms.lowerBound) * fraction)
      let columns = Int((wanted * shape).squareRoot().rounded(.toNearestOrEven))
      let rows = Int((wanted / shape).squareRoot().rounded(.toNearestOrEven))
      guard (1...width).contains(columns) && (1...height).contains(rows) else { continue }
      let below = generator.integer(below: height - rows + 1)
      let right = generator.integer(below: width - columns + 1)
      return CropBox(x: x + right, y: y + below, width: columns, height: rows)
    }
    return central(ratio: ratio)
  }

  private func central(ratio: ClosedRange<Float>) -> CropBox {
    let shape = Double(width) / Double(height)
    var columns = width
    var rows = height
    if shape < Double(ratio.lowerBound) {
      rows = Int((Double(width) / Double(ratio.lowerBound)).rounded(.toNearestOrEven))
    } else if shape > Double(ratio.upperBound) {
      columns = Int((Double(height) * Double(ratio.upperBound)).rounded(.toNearestOrEven))
    }
    columns = max(1, columns)
    rows = max(1, rows)
    return CropBox(
      x: x + (width - columns) / 2, y: y + (height - rows) / 2, width: columns, height: rows)
  }
}
