import Foundation
import Testing

@testable import Media

private let fixtures = URL(filePath: #filePath).deletingLastPathComponent().appending(
  path: "Fixtures")

private func bytes(_ name: String) throws -> [UInt8] {
  try [UInt8](Data(contentsOf: fixtures.appending(path: name)))
}

/// What stands at a path and is no image, recording or video, for each of the three readers.
@Suite struct HostileFileTests {
  enum Reader: CaseIterable {
    case image, sound, film

    func read(_ file: String) throws {
      switch self {
      case .image:
        let decoder = try ImageDecoder()
        _ = try decoder.open(file)
        try decoder.decode(into: PixelBuffer())
      case .sound:
        let reader = AudioReader()
        try reader.open(file)
        _ = try reader.read(limitSeconds: 60)
      case .film:
        let reader = try VideoReader(file)
        while try reader.next() != nil {}
      }
    }
  }

  private let scratch: Scratch
  init() throws { scratch = try Scratch() }

  private func error(_ reader: Reader, _ file: String) throws -> MediaError {
    try #require(#expect(throws: MediaError.self) { try reader.read(file) })
  }

  @Test(arguments: Reader.allCases) func linksInACircleAreNamed(reader: Reader) throws {
    let file = scratch.folder.appending(path: "loop").path
    #expect(symlink("loop", file) == 0)
    #expect(
      try error(reader, file)
        == .unreadable(file: file, reason: "Too many levels of symbolic links"))
  }

  @Test(arguments: Reader.allCases) func pipesDevicesAndFoldersAreRefused(reader: Reader) throws {
    let pipe = scratch.folder.appending(path: "pipe").path
    #expect(mkfifo(pipe, 0o600) == 0)
    let device = scratch.folder.appending(path: "zero").path
    #expect(symlink("/dev/zero", device) == 0)
    for file in [pipe, device, scratch.folder.path] {
      #expect(try error(reader, file) == .unreadable(file: file, reason: "not a regular file"))
    }
  }

  @Test(.enabled(if: geteuid() != 0, "root may read everything"), arguments: Reader.allCases)
  func filesThatMayNotBeReadAreNamed(reader: Reader) throws {
    let file = try scratch.file("secret", bytes("colour.jpg"))
    #expect(chmod(file, 0) == 0)
    #expect(try error(reader, file) == .unreadable(file: file, reason: "Permission denied"))
  }

  @Test(arguments: Reader.allCases) func emptyFilesAreNamed(reader: Reader) throws {
    let file = try scratch.file("empty", [])
    #expect(try error(reader, file) == .empty(file: file))
  }

  /// What a file is called says nothing about it.
  @Test(arguments: [
    (Reader.image, "constant.mp4"), (.image, "Audio/chirp.flac"), (.sound, "colour.jpg"),
    (.sound, "colour.png"), (.film, "colour.jpg"), (.film, "colour.png"),
    (.film, "Audio/chirp.flac"), (.film, "Audio/chirp.mp3"),
  ])
  func anotherKindOfFileIsNamed(reader: Reader, name: String) throws {
    let file = try scratch.file("misnamed.jpg", bytes(name))
    let message = try "\(error(reader, file))"
    #expect(
      message.hasPrefix("\(file): is no ") || message.hasPrefix("\(file): has no "), "\(message)")
  }

  @Test(arguments: [(Reader.image, "colour.png"), (.sound, "Audio/late.mp4"), (.film, "plain.avi")])
  func aWrongNameIsNoFault(reader: Reader, name: String) throws {
    try reader.read(try scratch.file("misnamed.jpg", bytes(name)))
  }

  @Test func terabytesAreNoImage() throws {
    let file = try scratch.file("huge.jpg", bytes("colour.jpg"))
    #expect(truncate(file, 1 << 40) == 0)
    #expect(
      try error(.image, file)
        == .tooManyBytes(file: file, bytes: 1 << 40, limit: FileBytes.limit))
  }

  /// A start of MP3 and zeroes to the horizon: FFmpeg would search all of them for the next frame.
  @Test(.timeLimit(.minutes(5)))
  func endlessGarbageEndsTheSearch() throws {
    let file = try scratch.file("zeroes.mp3", bytes("Audio/chirp.mp3"))
    #expect(truncate(file, 1 << 40) == 0)
    let message = try "\(error(.sound, file))"
    #expect(message.hasPrefix("\(file): "), "\(message)")
  }

  @Test func anImageOf60000PixelsIsRefusedFromItsHeader() throws {
    var jpeg = try bytes("colour.jpg")
    let start = try #require(jpeg.indices.first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
    jpeg.replaceSubrange((start + 5)..<(start + 9), with: [0xEA, 0x60, 0xEA, 0x60])
    let file = try scratch.file("large.jpg", jpeg)
    #expect(
      try error(.image, file)
        == .tooManyPixels(
          file: file, width: 60_000, height: 60_000, limit: ImageDecoder.maximumPixels))
  }

  /// A gigabyte in seven megabytes, as pixels that nobody asked for, as a comment or as a profile of
  /// colours, of which FFmpeg gets half.
  @Test(arguments: [
    ("IDAT", "inflate returned error"), ("zTXt", nil), ("iCCP", "Cannot allocate memory"),
  ])
  func bombsDoNotGoOff(chunk: String, reason: String?) throws {
    var png = try bytes("colour.png")
    let bomb = chunk == "IDAT" ? deflatedZeroes : [0x78, 0, 0] + deflatedZeroes
    let body = Array(chunk.utf8) + bomb
    // Behind the header, which ends at byte 33.
    png.insert(contentsOf: bigEndian(bomb.count) + body + crc32(body[...]), at: 33)
    let file = try scratch.file("bomb.png", png)
    if let reason {
      #expect(try "\(error(.image, file))".contains(reason))
    } else {
      try Reader.image.read(file)
    }
  }

  /// The start of a zlib stream of zeroes: one literal, then matches of 258 bytes at distance 1.
  ///
  /// - Source: RFC 1951, 3.2.6: the fixed codes of literal 0, of length 285 and of distance 0.
  private var deflatedZeroes: [UInt8] {
    let block = [true, true, false]
    let literal = "00110000".map { $0 == "1" }
    let match = "1100010100000".map { $0 == "1" }
    let bits = block + literal + (0..<16).flatMap { _ in match }
    let bytes = (0..<15).map { byte in
      (0..<8).reduce(UInt8(0)) { $0 | (bits[8 * byte + $1] ? 1 << $1 : 0) }
    }
    // Eight matches are thirteen bytes, and 2064 bytes of zeroes.
    return [0x78, 0x9C] + bytes[..<2] + (0..<520_000).flatMap { _ in bytes[2...] }
  }

  private func bigEndian(_ number: Int) -> [UInt8] {
    stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> $0) }
  }
}
