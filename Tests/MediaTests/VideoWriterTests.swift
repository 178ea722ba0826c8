import Foundation
import Testing

@testable import Media

/// A smooth colour picture that moves with `index`.
private func picture(_ index: Int, width: Int = 64, height: Int = 48) -> PixelBuffer {
  let pixels = PixelBuffer(width: width, height: height)
  for row in 0..<height {
    for column in 0..<width {
      let start = 4 * (row * width + column)
      pixels.bytes[start] = UInt8(60 + (column + 3 * index) % 128)
      pixels.bytes[start + 1] = UInt8(40 + 2 * row)
      pixels.bytes[start + 2] = UInt8(200 - 4 * index)
      pixels.bytes[start + 3] = 0
    }
  }
  return pixels
}

private func tone(_ count: Int) -> [Float] {
  (0..<count).map { Float(0.5 * sin(2 * Double.pi * 440 * Double($0) / 16000)) }
}

@Suite struct VideoWriterTests {
  private func write(_ file: String, frames: Int = 12, sound: Bool) throws {
    var settings = VideoWriter.Settings(size: ImageSize(width: 64, height: 48))
    settings.quantiser = 2
    if sound { settings.soundRate = 16000 }
    let writer = try VideoWriter(file, settings)
    for index in 0..<frames {
      try writer.append(picture(index))
      if sound { try tone(640).withUnsafeBufferPointer { try writer.append(samples: $0) } }
    }
    try writer.finish()
  }

  @Test(arguments: [false, true])
  func whatIsWrittenIsReadBack(sound: Bool) throws {
    let scratch = try Scratch()
    let file = scratch.folder.appending(path: "written.mp4").path
    try write(file, sound: sound)
    // The box that describes MPEG-4 sound.
    let content = try Data(contentsOf: URL(fileURLWithPath: file))
    #expect((content.range(of: Data("mp4a".utf8)) != nil) == sound)
    let reader = try VideoReader(file)
    #expect(reader.information.size == ImageSize(width: 64, height: 48))
    #expect(reader.information.averageRate == 25 && reader.information.frameCount == 12)
    for index in 0..<12 {
      let time = try #require(try reader.next())
      #expect(abs(time - Double(index) / 25) < 1e-6)
      let differences = zip(colours(reader.pixels), colours(picture(index))).map {
        abs(Int($0) - Int($1))
      }
      // Chroma has half the resolution, and wraps around in one column.
      #expect(differences.reduce(0, +) < 3 * differences.count, "frame \(index)")
    }
    #expect(try reader.next() == nil)
  }

  private func write(
    _ file: String, encoders: VideoWriter.Encoders, quantiser: Int = 2
  ) throws {
    var settings = VideoWriter.Settings(size: ImageSize(width: 64, height: 48))
    (settings.quantiser, settings.soundRate) = (quantiser, 16000)
    let writer = try VideoWriter(file, settings, encoders: encoders)
    for index in 0..<12 {
      try writer.append(picture(index))
      try tone(12 * 640)[(640 * index)..<(640 * (index + 1))].withUnsafeBufferPointer {
        try writer.append(samples: $0)
      }
    }
    try writer.finish()
  }

  /// What is written where FFmpeg has neither x264 nor AAC.
  @Test(arguments: [
    (["mpeg4"], ["pcm_s16le"]), (["mpeg4"], ["aac"]), (["libx264"], ["pcm_s16le"]),
    (["none", "mpeg4"], ["none", "pcm_s16le"]),
  ])
  func otherEncodersAreReadBackAsWell(pictures: [String], sound: [String]) throws {
    let scratch = try Scratch()
    let file = scratch.folder.appending(path: "written.mp4").path
    try write(file, encoders: .init(pictures: pictures, sound: sound))
    let reader = try VideoReader(file)
    for index in 0..<12 {
      let time = try #require(try reader.next())
      #expect(abs(time - Double(index) / 25) < 1e-6)
      let differences = zip(colours(reader.pixels), colours(picture(index))).map {
        abs(Int($0) - Int($1))
      }
      #expect(differences.reduce(0, +) < 4 * differences.count, "frame \(index)")
    }
    #expect(try reader.next() == nil)
    let heard = AudioReader()
    try heard.open(file)
    let samples = try heard.read()
    guard sound.last == "pcm_s16le" else { return #expect(samples.count >= 12 * 640) }
    #expect(samples.count == 12 * 640)
    let largest = zip(samples, tone(12 * 640)).map { abs($0 - $1) }.max()
    // Half a step of 16 bits, and full scale that is 32767 of 32768.
    #expect(try #require(largest) <= 1.01 / 32768)
  }

  @Test(arguments: ["libx264", "mpeg4"]) func aCoarserQuantiserTakesFewerBytes(name: String) throws
  {
    let scratch = try Scratch()
    let sizes = try [2, 45].map { quantiser in
      let file = scratch.folder.appending(path: "\(quantiser).mp4")
      try write(
        file.path, encoders: .init(pictures: [name], sound: ["aac"]), quantiser: quantiser)
      return try Data(contentsOf: file).count
    }
    #expect(sizes[1] < sizes[0] * 19 / 20, "\(sizes)")
  }

  @Test func encodersThatAreNotThereAreNamed() throws {
    let scratch = try Scratch()
    let file = scratch.folder.appending(path: "written.mp4").path
    let reason = "this FFmpeg cannot encode: none of one, two is there"
    #expect(throws: MediaError.codec(reason: reason)) {
      try write(file, encoders: .init(pictures: ["one", "two"]))
    }
  }

  @Test func theSameFramesGiveTheSameBytes() throws {
    let scratch = try Scratch()
    let files = ["a.mp4", "b.mp4"].map { scratch.folder.appending(path: $0) }
    for file in files { try write(file.path, sound: true) }
    #expect(try Data(contentsOf: files[0]) == Data(contentsOf: files[1]))
  }

  @Test func aGreyLevelSurvivesWithoutLoss() throws {
    let scratch = try Scratch()
    let file = scratch.folder.appending(path: "grey.mp4").path
    var settings = VideoWriter.Settings(size: ImageSize(width: 16, height: 16))
    (settings.quantiser, settings.rateFrames, settings.rateSeconds) = (0, 30000, 1001)
    let writer = try VideoWriter(file, settings)
    let pixels = PixelBuffer(width: 16, height: 16)
    for level in stride(from: 0, through: 255, by: 51) {
      for index in pixels.bytes.indices { pixels.bytes[index] = UInt8(level) }
      try writer.append(pixels)
    }
    try writer.finish()
    let reader = try VideoReader(file)
    for (index, level) in stride(from: 0, through: 255, by: 51).enumerated() {
      let time = try #require(try reader.next())
      #expect(abs(time - Double(index) * 1001 / 30000) < 1e-4)
      #expect(colours(reader.pixels).allSatisfy { abs(Int($0) - level) <= 1 })
    }
  }

  @Test func impossibleSettingsAreRefused() throws {
    let scratch = try Scratch()
    let file = scratch.folder.appending(path: "a.mp4").path
    let odd = VideoWriter.Settings(size: ImageSize(width: 37, height: 29))
    #expect(
      throws: MediaError.codec(reason: "a video of 37x29: both must be even, 2 to 16384")
    ) { try VideoWriter(file, odd) }
    let even = VideoWriter.Settings(size: ImageSize(width: 16, height: 16))
    #expect(
      throws: MediaError.unwritable(file: "/nowhere/a.mp4", reason: "No such file or directory")
    ) { try VideoWriter("/nowhere/a.mp4", even) }
    let writer = try VideoWriter(file, even)
    #expect(throws: MediaError.codec(reason: "a video without frames")) { try writer.finish() }
    #expect(throws: MediaError.self) { try writer.append(picture(0)) }
    #expect(throws: MediaError.self) {
      try tone(4).withUnsafeBufferPointer { try writer.append(samples: $0) }
    }
  }
}
