import Foundation
import Media
import Testing

@testable import Datasets

private let drawnFace = URL(filePath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent()
  .appending(path: "MediaTests/Fixtures/face.jpg").path

private func decodedFace() throws -> PixelBuffer {
  let decoder = try ImageDecoder()
  let pixels = PixelBuffer()
  _ = try decoder.open(drawnFace)
  try decoder.decode(into: pixels)
  return pixels
}

/// The drawn face, 224 pixels square, cut to 190 × 150 pixels from (`x`, 50).
private func frame(of whole: PixelBuffer, x: Int) -> PixelBuffer {
  let frame = PixelBuffer(width: 190, height: 150)
  for row in 0..<150 {
    let source = 4 * ((row + 50) * whole.width + x)
    for byte in 0..<(4 * 190) { frame.bytes[4 * 190 * row + byte] = whole.bytes[source + byte] }
  }
  return frame
}

private func grey() -> PixelBuffer {
  let frame = PixelBuffer(width: 190, height: 150)
  frame.bytes.update(repeating: 90)
  return frame
}

@Suite struct FaceTrackerTests {
  @Test func followsAFaceAndBridgesFramesWithoutIt() throws {
    let whole = try decodedFace()
    let tracker = try FaceTracker(options: .init(minimumFace: 100, smoothingSeconds: 0))
    try tracker.add(frame(of: whole, x: 0), time: 0)
    try tracker.add(grey(), time: 0.1)
    try tracker.add(frame(of: whole, x: 24), time: 0.2)
    for index in 3..<5 { try tracker.add(grey(), time: Double(index) / 10) }
    let (track, coverage) = try tracker.finish()
    #expect(coverage.seen == 2 && coverage.bridged == 1 && coverage.missing == 2)
    let first = try #require(track.face(at: 0))
    let last = try #require(track.face(at: 0.2))
    // The picture moved by 24 pixels to the left; boxes are found at steps of some pixels.
    #expect(abs(first.region.x - last.region.x - 24) < 13)
    #expect(track.face(at: 0.1)?.region.x == (first.region.x + last.region.x) / 2)
    #expect(track.face(at: 0.3) == nil && first.eyes == nil)
  }

  @Test func framesWithinTheIntervalAreNotLookedAt() throws {
    let whole = try decodedFace()
    let tracker = try FaceTracker(options: .init(minimumFace: 100, intervalSeconds: 0.2))
    for index in 0..<4 { try tracker.add(frame(of: whole, x: 12), time: Double(index) / 10) }
    let (track, coverage) = try tracker.finish()
    #expect(tracker.lookCount == 2)
    // Behind the last look the face stays where it was.
    #expect(track.sightings.map(\.time) == [0, 0.2, 0.3])
    #expect(track.sightings[2].face == track.sightings[1].face)
    #expect(coverage.seen == 3 && coverage.bridged == 1 && coverage.missing == 0)
  }

  @Test func behindALookWithoutFaceThereIsNone() throws {
    let whole = try decodedFace()
    let tracker = try FaceTracker(options: .init(minimumFace: 100, intervalSeconds: 0.2))
    try tracker.add(frame(of: whole, x: 12), time: 0)
    for index in 1..<4 { try tracker.add(grey(), time: Double(index) / 10) }
    let (track, coverage) = try tracker.finish()
    #expect(track.sightings.map(\.time) == [0])
    #expect(coverage.seen == 1 && coverage.missing == 3)
  }

  @Test func timesMustRise() throws {
    let tracker = try FaceTracker()
    try tracker.add(PixelBuffer(), time: 0.2)
    for time in [0.2, 0.1, .nan] {
      #expect(throws: DatasetError.self) { try tracker.add(PixelBuffer(), time: time) }
    }
  }

  @Test func settingsThatCannotWorkAreRefused() {
    for options in [
      FaceTracker.Options(minimumFace: 0), .init(threshold: .nan), .init(intervalSeconds: -1),
      .init(maximumGapSeconds: .infinity), .init(smoothingSeconds: .nan),
    ] {
      #expect(throws: DatasetError.self) { try FaceTracker(options: options) }
    }
  }
}
