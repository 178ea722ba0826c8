import Foundation
import Testing

@testable import Media

private let fixtures = URL(filePath: #filePath).deletingLastPathComponent().appending(
  path: "Fixtures")

private func path(_ name: String) -> String { fixtures.appending(path: name).path }

/// What ffprobe says about when the frames of a fixture are shown.
private func times(_ name: String) throws -> [Double] {
  try String(contentsOf: fixtures.appending(path: name + ".times"), encoding: .utf8)
    .split(separator: "\n").compactMap { Double($0) }
}

/// The number that a frame of the grey fixtures carries as its luma, 16 + 8 n of 16 to 235.
private func number(_ pixels: PixelBuffer) -> Int {
  let centre = 4 * (pixels.height / 2 * pixels.width + pixels.width / 2)
  return Int((Double(pixels.bytes[centre]) * 219 / 255 / 8).rounded())
}

private func allFrames(_ reader: VideoReader) throws -> (times: [Double], numbers: [Int]) {
  var (times, numbers): ([Double], [Int]) = ([], [])
  while let time = try reader.next() {
    times.append(time)
    numbers.append(number(reader.pixels))
  }
  return (times, numbers)
}

private func isClose(_ first: [Double], _ second: [Double]) -> Bool {
  first.count == second.count && zip(first, second).allSatisfy { abs($0 - $1) < 2e-6 }
}

@Suite struct VideoReaderTests {
  @Test(arguments: ["constant.mp4", "variable.mp4", "variable.mkv", "broadcast.ts", "late.mp4"])
  func framesComeWithTheTimesThatFfprobeGives(name: String) throws {
    let found = try allFrames(VideoReader(path(name)))
    let expected = try times(name)
    #expect(isClose(found.times, expected), "\(found.times)")
    let start = name == "late.mp4" ? 0.4 : 0
    #expect(found.numbers == expected.map { Int((($0 - start) * 25).rounded()) })
  }

  @Test(arguments: ["reordered.avi", "plain.avi", "raw.h264"])
  func missingTimesAreFilledFromTheRate(name: String) throws {
    let found = try allFrames(VideoReader(path(name)))
    #expect(isClose(found.times, (0..<20).map { Double($0) / 25 }), "\(found.times)")
    #expect(found.numbers == Array(0..<20))
  }

  @Test func theHeaderIsTold() throws {
    let information = try VideoReader(path("constant.mp4")).information
    #expect(information.size == ImageSize(width: 32, height: 32))
    #expect(information.averageRate == 25)
    #expect(information.frameCount == 20)
    #expect(abs(try #require(information.durationSeconds) - 0.8) < 1e-6)
    #expect(try VideoReader(path("raw.h264")).information.frameCount == nil)
  }

  /// In any order, from any place: the frame whose time is the last one not later.
  @Test(arguments: [
    "constant.mp4", "variable.mp4", "variable.mkv", "broadcast.ts", "late.mp4", "reordered.avi",
    "plain.avi", "raw.h264",
  ])
  func seekingIsExact(name: String) throws {
    let (times, numbers) = try allFrames(VideoReader(path(name)))
    let reader = try VideoReader(path(name))
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededGenerator(seed)
    for _ in 0..<40 {
      // Between frames: at their borders, ticks decide.
      let target = Double(Int.random(in: -20...157, using: &random)) * 0.005 + 0.0025
      let index = times.lastIndex { $0 <= target } ?? 0
      try reader.seek(to: target)
      for frame in index..<min(index + 3, times.count) {
        let time = try reader.next()
        #expect(time.map { abs($0 - times[frame]) < 1e-6 } == true, "\(target) s, seed \(seed)")
        #expect(number(reader.pixels) == numbers[frame], "\(target) s, seed \(seed)")
      }
    }
  }

  @Test(arguments: ["variable.mp4", "variable.mkv"])
  func annotationsEvery40MillisecondsGetTheFrameThatIsShown(name: String) throws {
    let times = try times(name)
    let reader = try VideoReader(path(name))
    var shown: [Int?] = []
    try reader.frames(at: (0..<24).map { Double($0) * 0.04 }) { _, time, pixels in
      shown.append(time.map { _ in number(pixels) })
    }
    let expected: [Int?] = (0..<24).map { row in
      // The last frame is at 0.76 s; the video has 19.7 frames a second on average, or 25.
      row > 20
        ? nil : times.last { $0 < Double(row) * 0.04 + 1e-6 }.map { Int(($0 * 25).rounded()) }
    }
    #expect(shown.prefix(20) == expected.prefix(20))
    #expect(shown.last == .some(nil))
  }

  @Test func backAndForthGivesTheSameFrames() throws {
    let reader = try VideoReader(path("constant.mp4"))
    #expect(try reader.frame(at: 0.5) == 0.48)
    #expect(number(reader.pixels) == 12)
    #expect(try reader.frame(at: 0.5) == 0.48)
    #expect(try reader.next() == 0.52)
    #expect(try reader.frame(at: 0.01) == 0)
    #expect(number(reader.pixels) == 0)
    #expect(try reader.frame(at: 5) == nil)
    #expect(try reader.next() == nil)
    #expect(try reader.frame(at: 0.76) == 0.76)
    #expect(number(reader.pixels) == 19)
  }

  /// Red, green, blue and white stand in the corners, row by row, when the camera is upright.
  @Test(arguments: [
    ("upright.mp4", "RGBW"), ("rotated90.mp4", "GWRB"), ("rotated180.mp4", "WBGR"),
    ("rotated270.mp4", "BRWG"),
  ])
  func rotationIsApplied(name: String, corners: String) throws {
    let reader = try VideoReader(path(name))
    let isTurned = name == "rotated90.mp4" || name == "rotated270.mp4"
    let size = isTurned ? ImageSize(width: 32, height: 48) : ImageSize(width: 48, height: 32)
    #expect(reader.information.size == size)
    #expect(try reader.next() == 0)
    #expect(reader.pixels.width == size.width && reader.pixels.height == size.height)
    var found = ""
    for (row, column) in [(4, 4), (4, size.width - 5), (size.height - 5, 4)] {
      found += colour(reader.pixels, row, column)
    }
    found += colour(reader.pixels, size.height - 5, size.width - 5)
    #expect(found == corners)
  }

  private func colour(_ pixels: PixelBuffer, _ row: Int, _ column: Int) -> String {
    let start = 4 * (row * pixels.width + column)
    let bright = (0..<3).map { pixels.bytes[start + $0] > 127 }
    return [
      [true, false, false]: "R", [false, true, false]: "G", [false, false, true]: "B",
      [true, true, true]: "W",
    ][bright] ?? "?"
  }
}

/// Real files beside the repository; absent elsewhere.
private let realVideos = URL(filePath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  .appending(path: "shared/data/video").path

@Suite(
  .enabled(
    if: FileManager.default.fileExists(atPath: realVideos),
    "needs real videos in ../shared/data/video"))
struct RealVideoTests {
  @Test(arguments: [("single_face.mp4", 640, 360, 72), ("no_face.mp4", 960, 540, 95)])
  func everyFrameIsRead(name: String, width: Int, height: Int, frames: Int) throws {
    let reader = try VideoReader("\(realVideos)/\(name)")
    var times: [Double] = []
    while let time = try reader.next() { times.append(time) }
    #expect(reader.information.size == ImageSize(width: width, height: height))
    // An edit list hides the first three of the 98 frames in one of them; ffprobe shows 95, too.
    #expect(times.count == frames)
    let pairs = zip(times, times.dropFirst())
    #expect(pairs.allSatisfy { $0 < $1 })
    let middle = times[times.count / 2]
    #expect(try reader.frame(at: middle + 0.001) == middle)
  }
}
