import Foundation
import Media
import Testing

@testable import Datasets

/// OpenFace's header, with its blanks and some of the columns that are not read.
private let openFaceHeader =
  (["frame", "face_id", "timestamp", "confidence", "success", "gaze_0_x"]
  + (0..<68).map { "x_\($0)" } + (0..<68).map { "y_\($0)" } + ["AU01_r"]).joined(separator: ", ")

/// A row of a face whose points lie on a grid 10 wide and 7 high (by `size`) with its corner at (x, y).
private func openFaceRow(
  frame: Int, id: Int = 0, time: Double, confidence: Double = 0.98, success: Int = 1,
  x: Double = 100, y: Double = 50, size: Double = 1
) -> String {
  let xs = (0..<68).map { "\(x + Double($0 % 11) * size)" }
  let ys = (0..<68).map { "\(y + Double($0 % 8) * size)" }
  return
    (["\(frame)", "\(id)", "\(time)", "\(confidence)", "\(success)", "-nan"] + xs + ys + ["0.5"])
    .joined(separator: ", ")
}

@Suite struct FaceTrackFileTests {
  private let scratch: Scratch
  init() throws { scratch = try Scratch() }

  private func read(
    _ lines: [String], _ options: FaceTrackFile.Options = .init()
  ) throws -> FaceTrackFile {
    try FaceTrackFile(
      scratch.file("track.csv", lines.joined(separator: "\n")), options: options)
  }

  private func message(
    _ lines: [String], _ options: FaceTrackFile.Options = .init()
  ) throws -> String {
    do {
      _ = try read(lines, options)
      return "read without an error"
    } catch let error as DatasetError {
      return error.description.replacingOccurrences(of: scratch.path + "/", with: "")
    }
  }

  @Test func openFacesLandmarksBecomeBoxesAndEyes() throws {
    let file = try read([
      openFaceHeader, openFaceRow(frame: 1, time: 0), openFaceRow(frame: 2, time: 0.04, x: 104),
    ])
    #expect(file.rows == 2 && file.gaps == 0 && file.faceIDs == [0])
    let face = try #require(file.track.face(at: 0))
    #expect(face.region == FaceRegion(x: 100, y: 50, width: 10, height: 7))
    // Points 36 to 41 are in columns 3, 4, 5, 6, 7, 8 and rows 4, 5, 6, 7, 0, 1; the others likewise.
    let eyes = try #require(face.eyes)
    #expect(abs(eyes.left.x - 105.5) < 1e-4 && abs(eyes.left.y - (50 + 23.0 / 6)) < 1e-4)
    #expect(abs(eyes.right.x - (100 + 25.0 / 6)) < 1e-4 && abs(eyes.right.y - 54.5) < 1e-4)
    #expect(file.track.face(at: 0.02)?.region.x == 102)
  }

  @Test func rowsWithoutSuccessOrConfidenceAreGapsWhateverTheyHold() throws {
    let header = "frame,time,success,confidence,x,y,width,height"
    let file = try read([
      header, "0,0,1,0.9,10,10,20,20", "1,0.1,0,0.9,-nan,,x,0", "2,0.2,1,0.3,0,0,0,0",
      "3,0.3,1,0.9,40,10,20,20",
    ])
    #expect(file.rows == 4 && file.gaps == 2 && file.track.sightings.count == 2)
    #expect(file.track.face(at: 0.1)?.region == FaceRegion(x: 20, y: 10, width: 20, height: 20))
    let strict = try read(
      [header, "0,0,1,0.9,10,10,20,20", "3,0.3,1,0.9,40,10,20,20"], .init(maximumGapSeconds: 0.25))
    #expect(strict.track.face(at: 0.15) != nil, "half the distance of sightings is within reach")
    #expect(strict.track.face(at: 0.6) == nil)
  }

  @Test func plainListsHaveEyesOrNone() throws {
    let file = try read([
      "height,width,y,x,time,left_eye_x,left_eye_y,right_eye_x,right_eye_y",
      "8,6,4,2,0,3,5,7,6", "8,6,4,2,0.5,,,,",
    ])
    let first = try #require(file.track.face(at: 0))
    #expect(first.region == FaceRegion(x: 2, y: 4, width: 6, height: 8))
    #expect(first.eyes == EyeCenters(left: SIMD2(3, 5), right: SIMD2(7, 6)))
    #expect(file.track.face(at: 0.5)?.eyes == nil)
    #expect(file.track.face(at: 0.25)?.eyes == nil)
  }

  @Test func numberedFramesNeedTheVideosTimes() throws {
    let lines = ["frame,x,y,width,height", "0,1,1,9,9", "2,3,1,9,9"]
    #expect(try message(lines).contains("say the video's rate"))
    let rated = try read(lines, .init(frameTimes: .perSecond(10)))
    #expect(rated.track.sightings.map(\.time) == [0, 0.2])
    let listed = try read(lines, .init(frameTimes: .listed([0.5, 0.6, 1.5])))
    #expect(listed.track.sightings.map(\.time) == [0.5, 1.5])
    #expect(
      try message(lines, .init(frameTimes: .listed([0, 1])))
        == "track.csv:3: column 'frame': the video has only 2 frames")
  }

  @Test func openFacesFramesAreCountedFromOne() throws {
    let header = openFaceHeader.replacingOccurrences(of: " timestamp,", with: " other,")
    let file = try read(
      [header, openFaceRow(frame: 1, time: 9)], .init(frameTimes: .perSecond(25)))
    #expect(file.track.sightings.map(\.time) == [0])
    #expect(
      try message([header, openFaceRow(frame: 0, time: 9)], .init(frameTimes: .perSecond(25)))
        == "track.csv:2: column 'frame': frames are counted from 1")
  }

  @Test func theLargestOfSeveralFacesIsFollowedUnlessOneIsNamed() throws {
    let lines = [
      openFaceHeader, openFaceRow(frame: 1, id: 3, time: 0, size: 2),
      openFaceRow(frame: 1, id: 7, time: 0, size: 3),
      openFaceRow(frame: 2, id: 3, time: 0.1, size: 2),
      openFaceRow(frame: 3, id: 3, time: 0.2, size: 2), openFaceRow(frame: 3, id: 7, time: 0.2),
    ]
    let largest = try read(lines)
    #expect(largest.faceID == 3 && largest.faceIDs == [3, 7] && largest.track.sightings.count == 3)
    let named = try read(lines, .init(selection: .face(7)))
    #expect(named.faceID == 7 && named.track.sightings.count == 2)
    #expect(
      try message(lines, .init(selection: .face(4)))
        == "face: track.csv has no usable row of face 4; it has 3, 7")
  }

  @Test(arguments: [
    ("0.1,1,1,9", ":2: has 4 fields where the header has 9"),
    ("0.1,a,1,9,9,,,,", ":2: column 'x': 'a' is not a number"),
    ("0.1,,1,9,9,,,,", ":2: column 'x': '' is not a number"),
    ("0.1,nan,1,9,9,,,,", ":2: column 'x': 'nan' is not a number"),
    ("0.1,1e30,1,9,9,,,,", ":2: column 'x': 1e+30 is no coordinate of an image"),
    ("0.1,1,1,0,9,,,,", ":2: column 'width': 0.0 is not positive"),
    ("0.1,1,1,9,-9,,,,", ":2: column 'height': -9.0 is not positive"),
    ("-1,1,1,9,9,,,,", ":2: column 'time': '-1' is not a time in seconds"),
    ("inf,1,1,9,9,,,,", ":2: column 'time': 'inf' is not a time in seconds"),
    ("0.1,1,1,9,9,3,4,,4", ":2: column 'right_eye_x': '' is not a number"),
    (
      "0.1,1,1,9,9,6,4,3,4",
      ":2: column 'left_eye_x': the left eye is the one further left in the image: less than right_eye_x"
    ),
  ])
  func badRowsAreNamed(row: String, expected: String) throws {
    let header = "time,x,y,width,height,left_eye_x,left_eye_y,right_eye_x,right_eye_y"
    #expect(try message([header, row]) == "track.csv" + expected)
    let lines = [header, row, "0.2,1,1,9,9,,,,"]
    let skipped = try read(lines, .init(onError: .skip(limit: 1)))
    #expect(skipped.problems.count == 1 && skipped.track.sightings.count == 1)
    #expect(try message(lines, .init(onError: .skip(limit: 0))).contains("1 rows cannot be used"))
  }

  @Test func timesThatDoNotRiseAreNamed() throws {
    let lines = ["time,x,y,width,height", "0.2,1,1,9,9", "0.2,50,1,9,9"]
    #expect(
      try message(lines)
        == "track.csv:3: column 'time': 0.2 s does not come after 0.2 s, the row before; "
        + "lists of several faces need a column face_id")
  }

  @Test func badHeadersAreNamed() throws {
    #expect(try message([""]) == "track.csv: is empty; the first line has to name the columns")
    #expect(
      try message(["time,x,y,widht,height", "0,1,1,1,1"])
        == "track.csv:1: column 'width' is missing from the header; did you mean it by 'widht'?")
    #expect(
      try message(["x,y,width,height", "1,1,1,1"])
        == "track.csv:1: column 'time' is missing from the header")
    #expect(
      try message(["time,x,y,width,height,left_eye_x", "0,1,1,1,1,1"])
        == "track.csv:1: column 'left_eye_y' is missing from the header; did you mean it by 'left_eye_x'?"
    )
    let few = openFaceHeader.replacingOccurrences(of: " x_67,", with: "")
    #expect(try message([few, "1"]) == "track.csv:1: column 'x_67' is missing from the header")
    #expect(try message(["time,x,y,width,height"]) == "track.csv: has a header and no rows")
  }

  @Test func settingsThatCannotWorkAreRefused() throws {
    for options in [
      FaceTrackFile.Options(frameTimes: .perSecond(0)), .init(frameTimes: .perSecond(.nan)),
      .init(frameTimes: .listed([0, .nan])), .init(frameTimes: .listed([0.2, 0.1])),
      .init(minimumConfidence: 2), .init(maximumGapSeconds: -1),
      .init(maximumGapSeconds: .infinity),
    ] {
      #expect(throws: DatasetError.self) {
        try read(["time,x,y,width,height", "0,1,1,1,1"], options)
      }
    }
  }

  @Test func aFaceThatIsNeverSeenIsAnEmptyTrack() throws {
    let file = try read([openFaceHeader, openFaceRow(frame: 1, time: 0, success: 0)])
    #expect(file.gaps == 1 && file.track.sightings.isEmpty && file.track.face(at: 0) == nil)
  }
}
