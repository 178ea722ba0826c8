import Foundation
import Testing

@testable import Media

private let fixtures = URL(filePath: #filePath).deletingLastPathComponent().appending(
  path: "Fixtures")

private func bytes(_ name: String) throws -> [UInt8] {
  try [UInt8](Data(contentsOf: fixtures.appending(path: name)))
}

@Suite struct HostileVideoTests {
  private let scratch: Scratch
  init() throws { scratch = try Scratch() }

  /// What reading all frames ends with.
  private func error(
    reading file: String, limits: VideoLimits = VideoLimits()
  ) throws -> MediaError {
    let error = #expect(throws: MediaError.self) {
      let reader = try VideoReader(file, limits: limits)
      while try reader.next() != nil {}
    }
    return try #require(error)
  }

  private func message(_ content: some Sequence<UInt8>) throws -> String {
    let file = try scratch.file("video.mp4", content)
    let message = try "\(error(reading: file))"
    #expect(message.hasPrefix(file + ": "))
    return String(message.dropFirst(file.count + 2))
  }

  @Test func whatIsNoFileIsNamed() throws {
    let missing = try error(reading: "/nowhere/a.mp4")
    #expect(
      missing == .unreadable(file: "/nowhere/a.mp4", reason: "No such file or directory"))
    #expect(
      try error(reading: fixtures.path)
        == .unreadable(file: fixtures.path, reason: "not a regular file"))
    #expect(try message([]) == "is empty (0 bytes)")
  }

  @Test func aPipeIsRefusedAndNotWaitedFor() throws {
    let file = scratch.folder.appending(path: "pipe").path
    #expect(mkfifo(file, 0o600) == 0)
    #expect(try error(reading: file) == .unreadable(file: file, reason: "not a regular file"))
  }

  @Test func namesAreNeverCommands() throws {
    let error = try error(reading: "concat:\(fixtures.path)/constant.mp4")
    #expect("\(error)".contains("cannot be read: No such file"))
  }

  @Test func soundAloneIsNoVideo() throws {
    let file = fixtures.appending(path: "sound.m4a").path
    #expect(try error(reading: file) == .noVideo(file: file))
  }

  @Test func aMissingIndexIsNamed() throws {
    // FFmpeg writes the index last: whatever is cut off, it is what is missing.
    let whole = try bytes("constant.mp4")
    #expect(
      try message(whole.prefix(1200)) == "is no video that can be read: moov atom not found")
  }

  @Test func everyTruncationIsAnError() throws {
    for name in ["constant.mp4", "variable.mkv", "rotated90.mp4"] {
      let whole = try bytes(name)
      for count in stride(from: 1, to: whole.count / 2, by: 97) {
        #expect(try !message(whole.prefix(count)).isEmpty, "\(name): \(count) bytes")
      }
    }
  }

  @Test func aVideoThatIsCutOffSaysWhere() throws {
    var whole = try bytes("reordered.avi")
    whole.removeLast(2000)
    let message = try message(whole)
    #expect(message.hasPrefix("broken video at 0."), "\(message)")
  }

  @Test func videoWithoutFramesIsNamed() throws {
    var none = try bytes("constant.mp4")
    try patch(&none, box: "stsz", offset: 8, [0, 0, 0, 0])
    #expect(try message(none) == "has a video stream without frames")
  }

  /// The last frames, or all of them, lie where the file has nothing.
  @Test func anIndexThatPointsBehindTheEndIsNamed() throws {
    var whole = try bytes("constant.mp4")
    try patch(&whole, box: "stco", offset: 8, [0x7F, 0xFF, 0xFF, 0xFF])
    #expect(try !message(whole).isEmpty)
    whole = try bytes("constant.mp4")
    let place = UInt32(whole.count - 30).bigEndian
    try patch(&whole, box: "stco", offset: 8, withUnsafeBytes(of: place) { Array($0) })
    #expect(try !message(whole).isEmpty)
  }

  @Test func textAndGarbageAreNoVideo() throws {
    #expect(try message("frame,time\n0,0\n".utf8).hasPrefix("is no video that can be read: "))
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededGenerator(seed)
    let garbage = (0..<(1 << 20)).map { _ in UInt8.random(in: 0...255, using: &random) }
    #expect(try !message(garbage).isEmpty, "seed \(seed)")
  }

  /// Playlists name other files, which are not the user's choice.
  @Test func playlistsAreNotFollowed() throws {
    let playlist = """
      #EXTM3U
      #EXT-X-TARGETDURATION:1
      #EXTINF:1,
      \(fixtures.path)/broadcast.ts
      #EXT-X-ENDLIST

      """
    #expect(try message(playlist.utf8).hasPrefix("is no video that can be read: "))
    let list = "ffconcat version 1.0\nfile '\(fixtures.path)/constant.mp4'\n"
    #expect(try message(list.utf8).hasPrefix("is no video that can be read: "))
  }

  @Test func endlessZeroesAreRefusedAtOnce() throws {
    let file = try scratch.file("zeroes.mp4", [])
    #expect(truncate(file, 1 << 40) == 0)
    let start = ContinuousClock.now
    #expect(try "\(error(reading: file))".contains("is no video that can be read"))
    #expect(ContinuousClock.now - start < .seconds(60))
  }

  /// Four thousand bytes that claim 50 million samples of one byte each: their index would take
  /// 2.4 GB.
  @Test func anIndexThatLiesTakesNoMemory() throws {
    var lying = try bytes("constant.mp4")
    let claimed: [UInt8] = [3, 0, 0, 0]
    try patch(&lying, box: "stsz", offset: 4, [0, 0, 0, 1] + claimed)
    try patch(&lying, box: "stsc", offset: 12, claimed)
    #expect(try message(lying) == "has a video stream without frames")
  }

  /// Frames that claim to last for two days each, in a film of less than a second.
  @Test func anIndexThatLiesAboutTimeChangesNoRate() throws {
    var lying = try bytes("constant.mp4")
    try patch(&lying, box: "stts", offset: 8, [0, 0, 0, 20, 0x7F, 0xFF, 0xFF, 0xFF])
    let reader = try VideoReader(try scratch.file("video.mp4", lying))
    #expect((1...1000).contains(reader.information.averageRate))
  }

  /// Overwrites what is `offset` bytes behind the name of a box.
  private func patch(
    _ bytes: inout [UInt8], box: String, offset: Int, _ content: [UInt8]
  ) throws {
    let name = Array(box.utf8)
    let start = try #require(
      bytes.indices.dropLast(4).first { Array(bytes[$0..<($0 + 4)]) == name })
    let first = start + 4 + offset
    bytes.replaceSubrange(first..<(first + content.count), with: content)
  }

  @Test func limitsAreEnforced() throws {
    let file = fixtures.appending(path: "constant.mp4").path
    var limits = VideoLimits()
    limits.maximumPixels = 1000
    #expect(
      try error(reading: file, limits: limits)
        == .tooManyPixels(file: file, width: 32, height: 32, limit: 1000))
    limits = VideoLimits()
    limits.maximumSeconds = 0.5
    #expect(
      try error(reading: file, limits: limits) == .tooLong(file: file, seconds: 0.8, limit: 0.5))
    let raw = fixtures.appending(path: "raw.h264").path
    #expect(try "\(error(reading: raw, limits: limits))".contains("claims to last 0.52 s"))
  }

  /// The header's own numbers, changed: sizes, durations, counts.
  @Test(arguments: [
    "constant.mp4", "variable.mkv", "plain.avi", "broadcast.ts", "raw.h264", "rotated90.mp4",
  ])
  func mutatedVideosNeverCrash(name: String) throws {
    let whole = try bytes(name)
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededGenerator(seed)
    for _ in 0..<60 {
      // The index of an MP4 is at its end.
      let mutated = name.hasSuffix("mp4") ? mutateEnd(whole, &random) : random.mutate(whole)
      let file = try scratch.file("mutated", mutated)
      do {
        let reader = try VideoReader(file)
        for _ in 0..<100 where try reader.next() == nil { break }
        _ = try reader.frame(at: 0.4)
      } catch let error as MediaError {
        #expect("\(error)".hasPrefix(file), "seed \(seed): \(error)")
      }
    }
  }

  private func mutateEnd(_ whole: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
    let index = whole.count - 1500
    return whole[..<index] + random.mutate(Array(whole[index...]))
  }
}
