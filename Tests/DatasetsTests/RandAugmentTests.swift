import CounterRandom
import Foundation
import Testing

@testable import Datasets

/// What torchvision makes of the picture of `make_goldens.py`, which writes it.
private struct Goldens: Decodable {
  struct Operation: Decodable {
    var operation: Int
    var strength: Int
    var magnitude: Float
    var output: [Float]
  }
  var grayscale: [Float]
  var operations: [Operation]

  static func load() throws -> Goldens {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "Goldens/augmentation.json")
    return try JSONDecoder().decode(Goldens.self, from: Data(contentsOf: file))
  }
}

private let side = 17

/// The upper left part of the picture, `[side, side, 3]`.
private let colours: [Float] = (0..<3 * side * side).map { index in
  let (y, x) = (index / 3).quotientAndRemainder(dividingBy: side)
  let c = index % 3
  let value = x * 37 + y * 91 + c * 53 + x * y % 29 * 5
  return Float(value % 256) / 255
}

private func largestDifference(_ first: [Float], _ second: [Float]) -> Float {
  guard first.count == second.count else { return .infinity }
  return zip(first, second).map { abs($0 - $1) }.max() ?? .infinity
}

@Suite struct RandAugmentTests {
  @Test func everyOperationIsTorchvisions() throws {
    let goldens = try Goldens.load().operations
    #expect(Set(goldens.map(\.operation)).count == RandAugment.Operation.allCases.count)
    for golden in goldens {
      let operation = try #require(RandAugment.Operation(rawValue: golden.operation))
      let magnitude = operation.magnitude(strength: golden.strength, size: side)
      #expect(abs(magnitude - abs(golden.magnitude)) < 1e-5, "\(operation) \(golden.strength)")
      let image = ImagePlanes(interleaved: colours, size: side)
      RandAugment.apply(operation, magnitude: golden.magnitude, to: image)
      // Positions between pixels are computed in another order than torchvision's.
      let difference = largestDifference(image.interleaved, golden.output)
      #expect(difference < 2e-5, "\(operation) \(golden.magnitude)")
    }
  }

  @Test func greyImagesStayGreyAndBecomeTheSame() throws {
    for golden in try Goldens.load().operations {
      let operation = try #require(RandAugment.Operation(rawValue: golden.operation))
      let grey = ImagePlanes()
      let plane = grey.begin(size: side, channels: 1)
      for index in 0..<side * side { plane[index] = colours[3 * index] }
      let colour = ImagePlanes(interleaved: colours.indices.map { colours[$0 / 3 * 3] }, size: side)
      for image in [grey, colour] {
        // A change that is still to be made comes first.
        image.scale(by: 0.9)
        RandAugment.apply(operation, magnitude: golden.magnitude, to: image)
      }
      #expect(grey.channels == 1 && grey.interleaved == colour.interleaved, "\(operation)")
    }
  }

  @Test func operationsAndSignsAreDrawnAlike() {
    var counts: [[Float]: Int] = [:]
    for index in 0..<7000 {
      var random = CounterRandom(seed: 1, index: index, purpose: .randAugment)
      let image = ImagePlanes(interleaved: colours, size: side)
      RandAugment(operations: 1, strength: 9).apply(to: image, from: &random)
      counts[image.interleaved, default: 0] += 1
    }
    // 14 operations, of which 9 have a sign; translations by 2 pixels, and so on, all differ.
    #expect(counts.count == 23)
    #expect(counts.values.allSatisfy { (180...600).contains($0) })
  }

  @Test func lostColoursLeaveTorchvisionsGrey() throws {
    let image = ImagePlanes(interleaved: colours, size: side)
    image.scale(by: 0, addingOwnGrey: 1)
    let golden = try Goldens.load().grayscale
    #expect(largestDifference(image.interleaved, golden) < 2e-6)
  }
}

@Suite struct RandomErasingTests {
  @Test func rectanglesAreWithinTheSampleAndOfTheirArea() {
    var areas = 0.0
    for index in 0..<2000 {
      var random = CounterRandom(seed: 2, index: index, purpose: .erasing)
      guard let box = RandomErasing.rectangle(size: 112, from: &random) else { continue }
      #expect(box.x >= 0 && box.y >= 0 && box.x + box.width <= 112 && box.y + box.height <= 112)
      areas += Double(box.width * box.height) / (112 * 112)
    }
    #expect((0.15...0.19).contains(areas / 2000))
  }

  @Test func rowsOfARectangleAreItsBytes() {
    let box = CropBox(x: 1, y: 2, width: 2, height: 1)
    func bytes(_ format: SampleFormat) -> [Range<Int>] {
      var ranges: [Range<Int>] = []
      format.forEachRow(of: box, in: .image(size: 4)) { ranges.append($0) }
      return ranges
    }
    #expect(bytes(.plain) == [108..<132])
    let planar = SampleFormat(element: .bfloat16, order: .channelsFirst)
    #expect(bytes(planar) == [18..<22, 50..<54, 82..<86])
  }
}
