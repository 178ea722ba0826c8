import CounterRandom
import Foundation
import Media
import Testing

@testable import Datasets

/// What torchvision makes of the picture below; `make_goldens.py` writes it.
private struct Goldens: Decodable {
  struct Resize: Decodable {
    var crop: [Int]
    var size: Int
    var output: [Float]
  }
  struct Jitter: Decodable {
    var order: [Int]
    var factors: [Float]
    var output: [Float]
  }
  var resizes: [Resize]
  var jitters: [Jitter]

  static func load() throws -> Goldens {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "Goldens/augmentation.json")
    return try JSONDecoder().decode(Goldens.self, from: Data(contentsOf: file))
  }
}

private func picture() -> PixelBuffer {
  let pixels = PixelBuffer(width: 23, height: 17)
  for y in 0..<17 {
    for x in 0..<23 {
      for c in 0..<4 {
        // The fourth byte has no meaning and must not matter.
        pixels.bytes[4 * (23 * y + x) + c] =
          c == 3 ? UInt8(x) : UInt8((x * 37 + y * 91 + c * 53 + x * y % 29 * 5) % 256)
      }
    }
  }
  return pixels
}

private func largestDifference(_ first: [Float], _ second: [Float]) -> Float {
  guard first.count == second.count else { return .infinity }
  return zip(first, second).map { abs($0 - $1) }.max() ?? .infinity
}

private func resized(
  _ crop: CropBox, size: Int, mirrored: Bool = false, by resampler: Resampler? = nil,
  _ pixels: PixelBuffer = picture(), reduction: DecodingReduction = .none
) -> [Float] {
  let planes = ImagePlanes()
  (resampler ?? Resampler(size: size)).resize(
    pixels, crop: crop, reduction: reduction, mirrored: mirrored, into: planes)
  return planes.interleaved
}

extension ImagePlanes {
  /// `[size, size, 3]`, 0 to 1.
  var interleaved: [Float] {
    var output = [Float](repeating: -1, count: 3 * pixels)
    output.withUnsafeMutableBytes { output in
      guard let start = output.baseAddress else { return }
      write(to: start, format: .plain, factor: .one, added: .zero)
    }
    return output
  }

  /// An image of `[size, size, 3]`.
  convenience init(interleaved: [Float], size: Int) {
    self.init()
    let planes = begin(size: size, channels: 3)
    for (index, value) in interleaved.enumerated() {
      planes[index % 3 * size * size + index / 3] = value
    }
  }
}

@Suite struct ResamplerTests {
  @Test func resizesAsTorchvisionDoes() throws {
    for golden in try Goldens.load().resizes {
      let crop = CropBox(
        x: golden.crop[0], y: golden.crop[1], width: golden.crop[2], height: golden.crop[3])
      let difference = largestDifference(resized(crop, size: golden.size), golden.output)
      #expect(difference < 2e-6, "crop \(golden.crop) to \(golden.size)")
    }
  }

  @Test func mirroringExchangesColumns() {
    let crop = CropBox(x: 2, y: 1, width: 15, height: 14)
    let plain = resized(crop, size: 6)
    let mirrored = resized(crop, size: 6, mirrored: true)
    for y in 0..<6 {
      for x in 0..<6 {
        for c in 0..<3 { #expect(mirrored[(y * 6 + x) * 3 + c] == plain[(y * 6 + 5 - x) * 3 + c]) }
      }
    }
    #expect(plain != mirrored)
  }

  /// A buffer that an earlier, larger crop left behind must not show.
  @Test func reuseChangesNothing() {
    let resampler = Resampler(size: 7)
    let small = CropBox(x: 4, y: 4, width: 5, height: 3)
    let fresh = resized(small, size: 7)
    _ = resized(CropBox(x: 0, y: 0, width: 23, height: 17), size: 7, by: resampler)
    #expect(resized(small, size: 7, by: resampler) == fresh)
  }

  @Test func reducedImagesTakeTheSamePart() {
    // The left half of the whole image is black, the right half white; it was reduced to a quarter.
    let pixels = PixelBuffer(width: 10, height: 10)
    for index in 0..<100 {
      for c in 0..<4 { pixels.bytes[4 * index + c] = index % 10 < 5 ? 0 : 255 }
    }
    let right = CropBox(x: 20, y: 7, width: 20, height: 20)
    #expect(resized(right, size: 4, pixels, reduction: .quarter).allSatisfy { $0 > 0.99999 })
    // Odd positions fall between pixels of the reduced image.
    let odd = resized(
      CropBox(x: 19, y: 5, width: 21, height: 35), size: 5, pixels, reduction: .quarter)
    #expect(odd[0] < 0.9 && odd[6] > 0.99999)
  }

  @Test func everyCropOfEverySizeStaysInside() {
    let pixels = picture()
    for width in 1...23 {
      for x in 0...(23 - width) {
        let values = resized(
          CropBox(x: x, y: 17 - min(17, width), width: width, height: min(17, width)), size: 5,
          pixels)
        #expect(values.allSatisfy { (0...1.0001).contains($0) })
      }
    }
  }
}

@Suite struct ColorJitterTests {
  @Test func adjustsAsTorchvisionDoes() throws {
    // A square part of the picture, since samples are square.
    let pixels = picture()
    let input: [Float] = (0..<3 * 17 * 17).map { index in
      let (y, x) = (index / 3).quotientAndRemainder(dividingBy: 17)
      return Float(pixels.bytes[4 * (23 * y + x) + index % 3]) / 255
    }
    withExtendedLifetime(pixels) {}
    for golden in try Goldens.load().jitters {
      let image = ImagePlanes(interleaved: input, size: 17)
      for (kind, factor) in zip(golden.order, golden.factors) {
        try ColorJitter.adjust(
          #require(ColorJitter.Kind(rawValue: kind)), factor: factor, image)
      }
      let difference = largestDifference(image.interleaved, golden.output)
      #expect(difference < 2e-6, "\(golden.order) \(golden.factors)")
      let settled = image.interleaved
      image.settle()
      #expect(image.interleaved == settled)
    }
  }

  /// A grey image is one plane only until it is written.
  @Test func oneGreyPlaneBecomesWhatThreeEqualOnesWould() {
    let grey = ImagePlanes()
    let colour = ImagePlanes()
    let planes = (grey.begin(size: 9, channels: 1), colour.begin(size: 9, channels: 3))
    for index in 0..<81 {
      let value = Float(index * 37 % 80) / 79
      planes.0[index] = value
      for channel in 0..<3 { planes.1[81 * channel + index] = value }
    }
    for image in [grey, colour] {
      ColorJitter.adjust(.saturation, factor: 0.7, image)
      ColorJitter.adjust(.contrast, factor: 1.4, image)
      ColorJitter.adjust(.brightness, factor: 1.1, image)
    }
    #expect(grey.meanGrey() == colour.meanGrey())
    #expect(grey.interleaved == colour.interleaved)
    grey.settle()
    #expect(grey.channels == 1 && grey.interleaved == colour.interleaved)
  }

  @Test func factorsAndOrdersAreDrawnFromTheirRanges() {
    var orders: [SIMD3<Int>: Int] = [:]
    var augmentation = Augmentation.small
    augmentation.brightness = 1.5
    augmentation.saturation = 0
    for index in 0..<6000 {
      var random = CounterRandom(seed: 1, index: index, purpose: .colorJitter)
      let jitter = ColorJitter(augmentation, from: &random)
      orders[jitter.order, default: 0] += 1
      #expect((0...2.5).contains(jitter.factors.x))
      #expect((0.7...1.3).contains(jitter.factors.y))
      #expect(jitter.factors.z == 1)
    }
    #expect(orders.count == 6 && orders.values.allSatisfy { abs($0 - 1000) < 150 })
  }
}

@Suite struct CropBoxTests {
  private let face = CropBox(x: 10, y: 20, width: 90, height: 70)

  @Test func boxesAreClampedToTheImage() {
    let size = ImageSize(width: 50, height: 40)
    func clamped(_ x: Int, _ y: Int, _ width: Int, _ height: Int) -> CropBox? {
      CropBox(clamping: FaceBox(x: x, y: y, width: width, height: height), to: size)
    }
    #expect(clamped(-5, 10, 20, 100) == CropBox(x: 0, y: 10, width: 15, height: 30))
    #expect(clamped(3, 4, 5, 6) == CropBox(x: 3, y: 4, width: 5, height: 6))
    #expect(clamped(50, 0, 10, 10) == nil && clamped(-10, 0, 10, 10) == nil)
    #expect(
      CropBox(clamping: nil, to: size) == CropBox(x: 0, y: 0, width: 50, height: 40))
  }

  @Test func randomCropsKeepScaleRatioAndPlace() {
    var areas = 0.0
    for index in 0..<2000 {
      var random = CounterRandom(seed: 3, index: index, purpose: .crop)
      let crop = face.random(scale: 0.3...0.9, ratio: 0.8...1.25, from: &random)
      #expect(crop.x >= 10 && crop.y >= 20)
      #expect(crop.x + crop.width <= 100 && crop.y + crop.height <= 90)
      let area = Double(crop.width * crop.height) / 6300
      let ratio = Double(crop.width) / Double(crop.height)
      #expect((0.27...0.94).contains(area) && (0.76...1.32).contains(ratio))
      areas += area
    }
    // Large crops of some ratios do not fit and are drawn again: the mean is a little below 0.6.
    #expect((0.54...0.61).contains(areas / 2000))
  }

  @Test func impossibleCropsFallBackToTheCentre() {
    var random = CounterRandom(seed: 4, purpose: .crop)
    let wide = CropBox(x: 0, y: 0, width: 100, height: 10)
    #expect(
      wide.random(scale: 1...1, ratio: 0.75...1.25, from: &random)
        == CropBox(x: 44, y: 0, width: 12, height: 10))
    let tall = CropBox(x: 5, y: 0, width: 10, height: 100)
    #expect(
      tall.random(scale: 1...1, ratio: 0.75...1.25, from: &random)
        == CropBox(x: 5, y: 43, width: 10, height: 13))
  }

  @Test func theWholeBoxIsOneOfTheCrops() {
    var random = CounterRandom(seed: 5, purpose: .crop)
    let square = CropBox(x: 1, y: 2, width: 33, height: 33)
    #expect(square.random(scale: 1...1, ratio: 1...1, from: &random) == square)
  }
}

@Suite struct AugmentationTests {
  @Test func impossibleSettingsAreNamed() {
    func message(_ change: (inout Augmentation) -> Void) -> String? {
      var augmentation = Augmentation.small
      change(&augmentation)
      do {
        try augmentation.validate()
        return nil
      } catch { return "\(error)" }
    }
    #expect(message { _ in } == nil)
    #expect(message { $0.imageSize = 0 } == "image size: 0 is not 8 to 4096")
    #expect(message { $0.cropScale = 0...1 }?.hasPrefix("crop scale") == true)
    #expect(message { $0.cropRatio = 0...1 }?.hasPrefix("crop ratio") == true)
    #expect(message { $0.flipProbability = 1.5 }?.hasPrefix("flip") == true)
    #expect(message { $0.contrast = -0.1 } == "contrast: -0.1 is negative or infinite")
    #expect(message { $0.standardDeviation.y = 0 }?.hasPrefix("standard") == true)
  }
}
