import Foundation
import Media
import Testing

@testable import Datasets

// Without optimisation the detector takes 13 µs a pixel: frames and what is looked at are few.
@Suite struct VideoTrackTests {
  /// Somebody who talks and moves, and where the landmarks were drawn.
  @Test func aTalkingFaceIsWhereItWasDrawn() throws {
    let scratch = try Scratch()
    let set = RECOLASet(seed: 3, clips: 3, seconds: 2, imageSize: 128)
    let folder = OutputFolder(path: scratch.path)
    for name in set.folders { _ = try scratch.file("\(name)/.keep", "") }
    let studio = try FaceStudio()
    try set.writeLists([try set.write(0, to: folder, with: studio)], to: folder)
    let drawn = try FaceTrackFile("\(scratch.path)/recordings_faces/train_1.csv").track
    let found = try FaceTracker.follow(
      video: "\(scratch.path)/recordings_video/train_1.mp4",
      options: .init(minimumFace: 60, intervalSeconds: 0.2))
    #expect(found.video.size == ImageSize(width: 128, height: 128))
    let frames = found.coverage.seen + found.coverage.bridged + found.coverage.missing
    #expect(frames == 50 && found.coverage.missing <= 5, "\(found.coverage)")
    var overlap: Float = 0
    for sighting in found.track.sightings {
      let face = try #require(drawn.face(at: sighting.time)).region
      let box = sighting.face.region
      #expect(abs(box.centre.x - face.centre.x) < face.width / 4, "\(sighting.time) s")
      #expect(abs(box.centre.y - face.centre.y) < face.height / 4, "\(sighting.time) s")
      overlap += box.overlap(with: face) / Float(found.track.sightings.count)
    }
    print("boxes and landmarks overlap by \(overlap), \(found.coverage)")
    #expect(found.track.sightings.count >= 9 && overlap > 0.5)
  }

  @Test func whatIsNoVideoIsNamed() throws {
    let scratch = try Scratch()
    let file = try scratch.file("a.mp4", "no video")
    #expect(throws: MediaError.self) { try FaceTracker.follow(video: file) }
    #expect(throws: DatasetError.self) {
      try FaceTracker.follow(video: file, options: .init(minimumFace: 0))
    }
  }
}

@Suite(
  .enabled(
    if: FileManager.default.fileExists(atPath: sharedData("video")),
    "needs real videos in ../shared/data/video"))
struct RealVideoTrackTests {
  @Test func oneFaceIsFollowedThroughNearlyAllFrames() throws {
    let found = try FaceTracker.follow(
      video: "\(sharedData("video"))/single_face.mp4",
      options: .init(minimumFace: 160, intervalSeconds: 0.25))
    print("single_face.mp4: \(found.coverage), \(found.video.size)")
    let coverage = found.coverage
    #expect(coverage.seen + coverage.bridged + coverage.missing == 72)
    #expect(coverage.missing <= 8)
    for sighting in found.track.sightings {
      let box = sighting.face.region
      #expect(box.x >= 0 && box.x + box.width <= Float(found.video.size.width))
      #expect(box.y >= 0 && box.y + box.height <= Float(found.video.size.height))
    }
  }

  @Test func noFaceIsFoundWhereThereIsNone() throws {
    let found = try FaceTracker.follow(
      video: "\(sharedData("video"))/no_face.mp4",
      options: .init(minimumFace: 240, intervalSeconds: 0.5))
    #expect(found.track.sightings.isEmpty)
    #expect(found.coverage.seen == 0 && found.coverage.missing == 95)
  }
}
