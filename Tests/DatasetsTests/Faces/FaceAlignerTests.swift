import Foundation
import Media
import Testing

@testable import Datasets

/// What PyTorch and NumPy cut out of the picture below; `make_alignment_goldens.py` writes it.
private struct Golden: Decodable {
  let size: Int
  let eyes: [Float]?
  let box: [Float]?
  let border: String
  /// How many pixels at each edge are not compared.
  let ring: Int
  let output: [Float]

  var face: TrackedFace {
    let region = box.map { FaceRegion(x: $0[0], y: $0[1], width: $0[2], height: $0[3]) }
    return TrackedFace(
      region: region ?? FaceRegion(x: 0, y: 0, width: 9, height: 9),
      eyes: eyes.map { EyeCenters(left: SIMD2($0[0], $0[1]), right: SIMD2($0[2], $0[3])) })
  }

  static func load() throws -> [Golden] {
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Goldens/alignment.json")
    return try JSONDecoder().decode([Golden].self, from: Data(contentsOf: file))
  }
}

private func picture() -> PixelBuffer {
  let pixels = PixelBuffer(width: 48, height: 40)
  for y in 0..<40 {
    for x in 0..<48 {
      for c in 0..<3 {
        pixels.bytes[4 * (y * 48 + x) + c] =
          UInt8((x * 37 + y * 91 + c * 53 + (x * y) % 29 * 5) % 256)
      }
      pixels.bytes[4 * (y * 48 + x) + 3] = 199
    }
  }
  return pixels
}

private func aligned(
  _ face: TrackedFace, _ square: (FaceAlignment, size: Int), in pixels: PixelBuffer = picture(),
  reduction: DecodingReduction = .none, mirrored: Bool = false
) throws -> [Float] {
  let aligner = try FaceAligner(square.0, size: square.size)
  var output = [Float](repeating: .nan, count: aligner.outputCount)
  output.withUnsafeMutableBufferPointer {
    if let start = $0.baseAddress {
      aligner.align(face, in: pixels, reduction: reduction, mirrored: mirrored, into: start)
    }
  }
  return output
}

/// The squares of the goldens.
private func square(_ size: Int, _ border: ImageBorder = .black) -> (FaceAlignment, size: Int) {
  (FaceAlignment(eyeDistance: 0.35, eyeHeight: 0.4, boxMargin: 1.25, border: border), size)
}

@Suite struct FaceAlignerTests {
  /// The tolerance is what float32 eyes and weights lose to the goldens' float64.
  @Test func cutsAsPyTorchAndNumPyDo() throws {
    let goldens = try Golden.load()
    #expect(goldens.count == 8)
    for (index, golden) in goldens.enumerated() {
      let border = try #require(ImageBorder(rawValue: golden.border))
      let output = try aligned(golden.face, square(golden.size, border))
      #expect(output.count == golden.output.count)
      let kept = golden.ring..<(golden.size - golden.ring)
      var largest: Float = 0
      for (place, (ours, theirs)) in zip(output, golden.output).enumerated() {
        let pixel = place / 3
        guard kept.contains(pixel / golden.size), kept.contains(pixel % golden.size) else {
          continue
        }
        largest = max(largest, abs(ours - theirs))
      }
      #expect(largest < 1e-5, "golden \(index) differs by \(largest)")
    }
  }

  @Test func eyesComeToTheirPlaces() throws {
    let alignment = FaceAlignment()
    let eyes = EyeCenters(left: SIMD2(210, 130), right: SIMD2(260, 100))
    let face = TrackedFace(region: FaceRegion(x: 0, y: 0, width: 1, height: 1), eyes: eyes)
    let transform = alignment.transform(for: face, side: 112)
    // ArcFace's template, whose eyes differ by 0.2 pixels in height.
    let left = transform.apply(to: SIMD2(38.38, 51.6))
    let right = transform.apply(to: SIMD2(73.62, 51.6))
    #expect(abs(left.x - 210) < 0.05 && abs(left.y - 130) < 0.05)
    #expect(abs(right.x - 260) < 0.05 && abs(right.y - 100) < 0.05)
    #expect(abs(transform.scale * 0.3146 * 112 - 3400.0.squareRoot()) < 1e-9)
  }

  @Test func facesWithoutEyesAreTheSquareAroundTheirBox() {
    let alignment = FaceAlignment(boxMargin: 1.5)
    let face = TrackedFace(region: FaceRegion(x: 10, y: 20, width: 40, height: 80))
    let transform = alignment.transform(for: face, side: 100)
    #expect(transform.apply(to: SIMD2(50, 50)) == SIMD2(30, 60))
    let corner = transform.apply(to: .zero)
    #expect(abs(corner.x + 30) < 1e-9 && abs(corner.y - 0) < 1e-9)
  }

  @Test func mirroringExchangesLeftAndRight() throws {
    let face = try #require(Golden.load().first).face
    let plain = try aligned(face, square(9))
    let mirrored = try aligned(face, square(9), mirrored: true)
    for row in 0..<9 {
      for column in 0..<9 {
        let here = 3 * (9 * row + column)
        let there = 3 * (9 * row + 8 - column)
        #expect(plain[here..<(here + 3)] == mirrored[there..<(there + 3)])
      }
    }
  }

  @Test func reducedImagesGiveTheSamePlaces() throws {
    // A ramp, which is the same ramp at half size.
    func ramp(_ width: Int, step: Int) -> PixelBuffer {
      let pixels = PixelBuffer(width: width, height: width)
      for index in 0..<(width * width) {
        for c in 0..<4 { pixels.bytes[4 * index + c] = UInt8(index % width * step + step / 2) }
      }
      return pixels
    }
    let face = TrackedFace(region: FaceRegion(x: 20, y: 20, width: 70, height: 70))
    let whole = try aligned(face, square(16), in: ramp(120, step: 2))
    let half = try aligned(face, square(16), in: ramp(60, step: 4), reduction: .half)
    let largest = zip(whole, half).map { abs($0 - $1) }.max() ?? 1
    #expect(largest < 0.004)
  }

  @Test func reductionsKeepMorePixelsThanTheSquareHas() throws {
    let aligner = try FaceAligner(square(100).0, size: 100)
    func reduction(_ side: Float) -> DecodingReduction {
      aligner.reduction(
        for: TrackedFace(region: FaceRegion(x: 0, y: 0, width: side, height: side)))
    }
    #expect(reduction(60) == .none && reduction(159) == .none && reduction(161) == .half)
    #expect(reduction(321) == .quarter && reduction(900) == .eighth)
  }

  @Test func absurdFacesGiveBordersAndNeverTrap() throws {
    let far = FaceRegion(x: 1e6, y: -1e6, width: 5, height: 5)
    #expect(try aligned(TrackedFace(region: far), square(8)).allSatisfy { $0 == 0 })
    let edge = try aligned(TrackedFace(region: far), square(8, .edge))
    let corner = picture().bytes[4 * 47]
    #expect(
      edge.enumerated().allSatisfy {
        $0.offset % 3 != 0 || abs($0.element - Float(corner) / 255) < 1e-6
      })
    let vast = FaceRegion(x: -5e5, y: -5e5, width: 1e6, height: 1e6)
    #expect(try aligned(TrackedFace(region: vast), square(8)).allSatisfy { $0.isFinite })
    for value in [Float.nan, .infinity, .greatestFiniteMagnitude] {
      let region = FaceRegion(x: value, y: 0, width: value, height: 1)
      for border in ImageBorder.allCases {
        #expect(
          try aligned(TrackedFace(region: region), square(8, border)).allSatisfy(\.isFinite))
      }
    }
    let nothing = TrackedFace(region: FaceRegion(x: 0, y: 0, width: 0, height: 0))
    #expect(try aligned(nothing, square(8)).allSatisfy(\.isFinite))
    #expect(try aligned(nothing, square(8), in: PixelBuffer()).allSatisfy { $0 == 0 })
  }

  @Test func settingsThatCannotWorkAreRefused() {
    #expect(throws: DatasetError.self) { try FaceAligner(FaceAlignment(), size: 7) }
    for alignment in [
      FaceAlignment(eyeDistance: 0), FaceAlignment(eyeDistance: .nan),
      FaceAlignment(eyeHeight: 1.5), FaceAlignment(boxMargin: 0),
    ] {
      #expect(throws: DatasetError.self) { try FaceAligner(alignment, size: 64) }
    }
  }
}
