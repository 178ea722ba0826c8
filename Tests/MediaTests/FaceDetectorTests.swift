import Foundation
import Testing

@testable import Media

/// A drawn face, of 224 pixels, as `aver synth` draws them.
private let drawnFace = URL(filePath: #filePath).deletingLastPathComponent()
  .appending(path: "Fixtures/face.jpg").path

private let sharedFaces = URL(filePath: #filePath)
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().appending(path: "shared/data/faces").path

private func decoded(_ path: String) throws -> PixelBuffer {
  let decoder = try ImageDecoder()
  let pixels = PixelBuffer()
  _ = try decoder.open(path)
  try decoder.decode(into: pixels)
  return pixels
}

/// Blocks of random grey, `block` pixels wide.
private func noise(width: Int, height: Int, block: Int) -> PixelBuffer {
  let pixels = PixelBuffer(width: width, height: height)
  for y in 0..<height {
    for x in 0..<width {
      var state = UInt64(y / block * width + x / block + 1) &* 0x9E37_79B9_7F4A_7C15
      state = (state ^ (state >> 31)) &* 0xBF58_476D_1CE4_E5B9
      for channel in 0..<4 {
        pixels.bytes[4 * (y * width + x) + channel] = UInt8(truncatingIfNeeded: state >> 56)
      }
    }
  }
  return pixels
}

/// The same picture with a black margin above and on its left.
private func shifted(_ pixels: PixelBuffer, right: Int, down: Int) -> PixelBuffer {
  let larger = PixelBuffer(width: pixels.width + right, height: pixels.height + down)
  larger.bytes.update(repeating: 0)
  for row in 0..<pixels.height {
    let target = 4 * ((row + down) * larger.width + right)
    for byte in 0..<(4 * pixels.width) {
      larger.bytes[target + byte] = pixels.bytes[4 * row * pixels.width + byte]
    }
  }
  return larger
}

// Without optimisation dlib takes 13 µs a pixel (0.08 with it): the tests keep images small.
@Suite struct FaceDetectorTests {
  @Test func findsADrawnFaceAlikeEveryTime() throws {
    let pixels = try decoded(drawnFace)
    let faces = try FaceDetector().detect(pixels, minimumFace: 100)
    let face = try #require(faces.first)
    #expect(faces.count == 1 && face.score > 0.3)
    // Its landmarks span 46 to 161 and 86 to 184.
    #expect(abs(face.region.centre.x - 103) < 8 && abs(face.region.centre.y - 130) < 8)
    #expect((95...150).contains(face.region.width))
    let other = try FaceDetector()
    _ = try other.detect(noise(width: 90, height: 90, block: 3), minimumFace: 80)
    #expect(try other.detect(pixels, minimumFace: 100) == faces)
  }

  @Test func facesAreInPixelsOfTheImageWhateverTheWorkingSize() throws {
    let pixels = try decoded(drawnFace)
    let bounded = try FaceDetector(maximumPixels: 28_000).detect(pixels, minimumFace: 40)
    let face = try #require(bounded.first)
    #expect(abs(face.region.centre.x - 103) < 8 && abs(face.region.centre.y - 130) < 8)
  }

  @Test func facesSmallerThanAskedForAreNotFound() throws {
    #expect(try FaceDetector().detect(try decoded(drawnFace), minimumFace: 180).isEmpty)
  }

  @Test(arguments: [1, 4, 12])
  func findsNoFaceInTextures(block: Int) throws {
    let pixels = noise(width: 140, height: 120, block: block)
    #expect(try FaceDetector().detect(pixels, minimumFace: 80).isEmpty)
  }

  @Test(arguments: [(0, 0), (1, 1), (2, 300), (300, 2), (79, 81)])
  func imagesTooSmallForAFaceHaveNone(width: Int, height: Int) throws {
    let pixels = noise(width: width, height: height, block: 5)
    #expect(try FaceDetector().detect(pixels, minimumFace: 80).isEmpty)
    #expect(try FaceDetector(maximumPixels: 1).detect(pixels).isEmpty)
  }

  @Test(
    .enabled(
      if: FileManager.default.fileExists(atPath: sharedFaces),
      "needs real faces in ../shared/data/faces"))
  func findsRealFaces() throws {
    let detector = try FaceDetector()
    let folder = URL(filePath: sharedFaces).appending(path: "1")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".jpg") }.sorted().prefix(6)
    let found = try names.count { name in
      let pixels = try decoded(folder.appending(path: name).path)
      return try detector.detect(pixels, minimumFace: pixels.width / 2).count == 1
    }
    #expect(found >= 5, "\(found) of \(names.count)")
  }
}

@Suite struct FaceLandmarkerTests {
  @Test(
    .enabled(
      if: FileManager.default.fileExists(atPath: FaceLandmarker.systemModel),
      "needs Debian's libdlib-data"))
  func marksTheEyesOfADrawnFace() throws {
    let pixels = try shifted(decoded(drawnFace), right: 100, down: 60)
    let landmarker = try FaceLandmarker()
    let region = FaceRegion(x: 137, y: 125, width: 126, height: 126)
    let points = try landmarker.mark(pixels, region: region)
    #expect(points.count == 68 && landmarker.pointCount == 68)
    func centre(_ range: ClosedRange<Int>) -> SIMD2<Float> { points[range].reduce(.zero, +) / 6 }
    // Where they were drawn.
    for (found, drawn) in [
      (centre(36...41), SIMD2<Float>(184.1, 163.2)), (centre(42...47), SIMD2<Float>(225.3, 166.2)),
    ] {
      let distance = ((found - drawn) * (found - drawn)).sum().squareRoot()
      #expect(distance < 6, "\(found) instead of \(drawn)")
    }
    #expect(try landmarker.mark(pixels, region: region) == points)
    let outside = FaceRegion(x: 900, y: 65, width: 126, height: 126)
    #expect(try landmarker.mark(pixels, region: outside).isEmpty)
  }

  @Test func filesThatAreNoPredictorAreNamed() throws {
    for file in ["/nowhere/model.dat", drawnFace] {
      #expect {
        try FaceLandmarker(model: file)
      } throws: { error in
        "\(error)".hasPrefix("\(file): cannot be read: as a dlib shape predictor: ")
      }
    }
  }
}

@Suite struct FaceRegionTests {
  @Test func overlapIsSharedByJointArea() {
    let box = FaceRegion(x: 0, y: 0, width: 4, height: 2)
    #expect(box.overlap(with: box) == 1)
    #expect(box.overlap(with: FaceRegion(x: 2, y: 0, width: 4, height: 2)) == Float(1) / 3)
    #expect(box.overlap(with: FaceRegion(x: 4, y: 0, width: 4, height: 2)) == 0)
    #expect(box.overlap(with: FaceRegion(x: 0, y: 9, width: 4, height: 2)) == 0)
  }
}
