import Foundation
import Media
import Testing

@testable import Datasets

/// A drawn face in a file, with its eyes.
private final class Portrait {
  let scratch: Scratch
  let pixels = PixelBuffer(width: 90, height: 80)
  let file: String

  init() throws {
    scratch = try Scratch()
    for y in 0..<80 {
      for x in 0..<90 {
        let pixel = 4 * (y * 90 + x)
        pixels.bytes[pixel] = UInt8(2 * x + y / 2)
        pixels.bytes[pixel + 1] = UInt8((x * x / 40 + 3 * y) % 256)
        pixels.bytes[pixel + 2] = UInt8(abs(x - 45) + abs(y - 40))
      }
    }
    let encoder = try JPEGEncoder()
    file = try scratch.file("face.jpg", Array(encoder.encode(pixels, quality: 95)))
    // What was lost in the file is lost on both sides of a comparison.
    let decoder = try ImageDecoder()
    _ = try decoder.open(file)
    _ = try decoder.decode(into: pixels)
  }

  func record(box: FaceBox? = nil, eyes: EyeCenters?) -> FaceRecord {
    FaceRecord(
      imagePath: "face.jpg", faceBox: box, eyes: eyes, expression: .happy, valence: nil,
      arousal: nil, line: 7)
  }

  func sample(
    _ record: FaceRecord, _ augmentation: Augmentation, training seed: UInt64? = nil
  ) throws -> [Float] {
    let manifest = FaceManifest(path: "list.csv", root: scratch.path, records: [record])
    let reader = try SampleReader(manifest: manifest, augmentation: augmentation)
    var output = [Float](repeating: .nan, count: reader.sampleCount)
    try output.withUnsafeMutableBytes { bytes in
      let start = try #require(bytes.baseAddress)
      if let seed {
        try reader.readForTraining(SampleKey(seed: seed, epoch: 0, sample: 0), into: start)
      } else {
        try reader.readForEvaluation(0, into: start)
      }
    }
    return output
  }
}

extension Augmentation {
  /// Crops and flips, without normalisation.
  fileprivate static func placed(
    alignment: FaceAlignment?, scale: ClosedRange<Float> = 1...1, flip: Float = 0
  ) -> Augmentation {
    Augmentation(
      imageSize: side, alignment: alignment, cropScale: scale, cropRatio: 1...1,
      flipProbability: flip, brightness: 0, contrast: 0, saturation: 0, mean: .zero,
      standardDeviation: .one)
  }
}

/// Pixels of a sample: enough that no picture here but the large one is decoded at less than its size.
private let side = 48
private let tilted = EyeCenters(left: SIMD2(35, 42), right: SIMD2(57, 33))

private func largestDifference(_ first: [Float], _ second: [Float]) -> Float {
  zip(first, second).map { abs($0 - $1) }.max() ?? .infinity
}

@Suite struct AlignedSampleTests {
  @Test func evaluationSeesWhatTheAlignerCuts() throws {
    let portrait = try Portrait()
    let alignment = FaceAlignment()
    let aligner = try FaceAligner(alignment, size: side)
    let region = FaceRegion(x: 20, y: 15, width: 50, height: 50)
    for eyes in [tilted, nil] {
      var expected = [Float](repeating: .nan, count: aligner.outputCount)
      expected.withUnsafeMutableBufferPointer {
        if let start = $0.baseAddress {
          aligner.align(
            TrackedFace(region: region, eyes: eyes), in: portrait.pixels, into: start)
        }
      }
      let box = FaceBox(x: 20, y: 15, width: 50, height: 50)
      let output = try portrait.sample(
        portrait.record(box: box, eyes: eyes), .placed(alignment: alignment))
      #expect(largestDifference(output, expected) < 1e-5)
      #expect(Set(output).count > 100)
    }
  }

  /// Where the eyes are level and the square falls on whole pixels, the box's own way gives the same
  /// away from the edges, beyond which only the aligned one sees.
  @Test func cropsAreThoseOfTheBox() throws {
    let portrait = try Portrait()
    let alignment = FaceAlignment(eyeDistance: 0.5, eyeHeight: 0.5)
    let eyes = EyeCenters(left: SIMD2(30, 40), right: SIMD2(60, 40))
    let box = FaceBox(x: 15, y: 10, width: 60, height: 60)
    for seed: UInt64 in 0..<8 {
      let aligned = try portrait.sample(
        portrait.record(eyes: eyes), .placed(alignment: alignment, scale: 0.3...0.9, flip: 0.5),
        training: seed)
      let boxed = try portrait.sample(
        portrait.record(box: box, eyes: nil),
        .placed(alignment: nil, scale: 0.3...0.9, flip: 0.5), training: seed)
      for row in 3..<(side - 3) {
        for value in (3 * (side * row + 3))..<(3 * (side * row + side - 3)) {
          #expect(abs(aligned[value] - boxed[value]) < 1e-4)
        }
      }
    }
  }

  @Test func flipsExchangeLeftAndRight() throws {
    let portrait = try Portrait()
    let record = portrait.record(eyes: tilted)
    let plain = try portrait.sample(record, .placed(alignment: FaceAlignment()), training: 1)
    let flipped = try portrait.sample(
      record, .placed(alignment: FaceAlignment(), flip: 1), training: 1)
    for pixel in 0..<(side * side) {
      let other = pixel - pixel % side + side - 1 - pixel % side
      for colour in 0..<3 {
        #expect(abs(plain[3 * pixel + colour] - flipped[3 * other + colour]) < 1e-5)
      }
    }
    #expect(largestDifference(plain, flipped) > 0.1)
  }

  @Test func greyPicturesHaveThreeEqualColours() throws {
    let portrait = try Portrait()
    // A ramp of 70 × 70 grey pixels, by PIL.
    let ramp = """
      /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1td\
      hbWGkJ6jq62rZ4C8ybqmx5moq6T/wAALCABGAEYBAREA/8QAFgABAQEAAAAAAAAAAAAAAAAAAwQG/8QAFhABAQEAAAAA\
      AAAAAAAAAAAAAAIx/9oACAEBAAA/AM5B4PCiDweDweDzjDQeDwog8Hg8Hg84w0Hg8KIPB4PB4POMNB4PCiDweDweDzjD\
      QeDwog8Hg8Hg84w0Hg8KIPB4PB4POMNB4PCiDweDweDzjDQeDwog8Hg8Hg84w0Hg8KIPB4PB4POP/9k=
      """
    let bytes = try #require(Data(base64Encoded: ramp))
    _ = try portrait.scratch.file("face.jpg", Array(bytes))
    let output = try portrait.sample(
      portrait.record(eyes: tilted), .placed(alignment: FaceAlignment()))
    for pixel in 0..<(side * side) {
      #expect(output[3 * pixel] == output[3 * pixel + 1])
      #expect(output[3 * pixel] == output[3 * pixel + 2])
    }
    #expect(Set(output).count > 50)
  }

  @Test func largeFacesComeFromReducedPictures() throws {
    // The aligner sees the whole picture; the reader lets the decoder make it smaller.
    let scratch = try Scratch()
    let large = PixelBuffer(width: 480, height: 480)
    for index in 0..<(480 * 480) {
      for colour in 0..<3 {
        large.bytes[4 * index + colour] = UInt8((index % 480 + index / 480) / 4)
      }
    }
    let encoder = try JPEGEncoder()
    let file = try scratch.file("face.jpg", Array(encoder.encode(large, quality: 98)))
    let decoder = try ImageDecoder()
    _ = try decoder.open(file)
    _ = try decoder.decode(into: large)
    let alignment = FaceAlignment(border: .edge)
    let eyes = EyeCenters(left: SIMD2(150, 260), right: SIMD2(310, 200))
    let record = FaceRecord(
      imagePath: "face.jpg", faceBox: nil, eyes: eyes, expression: nil, valence: nil, arousal: nil,
      line: 2)
    let manifest = FaceManifest(path: "list.csv", root: scratch.path, records: [record])
    let reader = try SampleReader(
      manifest: manifest, augmentation: .placed(alignment: alignment))
    var output = [Float](repeating: .nan, count: reader.sampleCount)
    try output.withUnsafeMutableBytes {
      try reader.readForEvaluation(0, into: #require($0.baseAddress))
    }
    let aligner = try FaceAligner(alignment, size: side)
    var expected = [Float](repeating: .nan, count: aligner.outputCount)
    let face = TrackedFace(region: FaceRegion(x: 0, y: 0, width: 0, height: 0), eyes: eyes)
    #expect(aligner.reduction(for: face) == .eighth)
    try expected.withUnsafeMutableBufferPointer {
      aligner.align(face, in: large, into: try #require($0.baseAddress))
    }
    // The same but for rounding would be the whole picture's.
    #expect((1e-4..<0.03).contains(largestDifference(output, expected)))
  }

  @Test func facesOutsideTheirPictureAreNamed() throws {
    let portrait = try Portrait()
    let far = EyeCenters(left: SIMD2(1000, 1000), right: SIMD2(1020, 1000))
    let error = #expect(throws: SampleProblem.self) {
      try portrait.sample(portrait.record(eyes: far), .placed(alignment: FaceAlignment()))
    }
    let text = error.map { "\($0)" } ?? ""
    #expect(text.hasPrefix("list.csv:7: "))
    #expect(text.hasSuffix("the face lies outside the image of 90x80 pixels"))
  }

  @Test func absurdEyesNeverTrap() throws {
    let portrait = try Portrait()
    for eyes in [
      EyeCenters(left: SIMD2(-100, 30), right: SIMD2(190, 30)),
      EyeCenters(left: SIMD2(45, 40), right: SIMD2(45.001, 40)),
      EyeCenters(left: SIMD2(57, 33), right: SIMD2(35, 42)),
    ] {
      let output = try portrait.sample(
        portrait.record(eyes: eyes), .placed(alignment: FaceAlignment(), scale: 0.1...1),
        training: 3)
      #expect(!output.contains { !$0.isFinite })
    }
  }

  @Test func withoutBoxAndEyesTheWholeImageIsTheFace() {
    let size = ImageSize(width: 40, height: 30)
    let record = FaceRecord(
      imagePath: "a.jpg", faceBox: nil, expression: nil, valence: nil, arousal: nil, line: 1)
    let whole = CropBox(x: 0, y: 0, width: 40, height: 30)
    #expect(FaceArea(of: record, in: size, alignment: FaceAlignment()) == .upright(whole))
    #expect(FaceArea(of: record, in: size, alignment: nil) == .upright(whole))
  }
}
