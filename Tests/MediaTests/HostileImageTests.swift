import Foundation
import Testing

@testable import Media

private let fixtures = URL(filePath: #filePath).deletingLastPathComponent().appending(
  path: "Fixtures")

@Suite struct ImagesInMemoryTests {
  @Test(arguments: ["colour.jpg", "colour.png", "lossless.webp", "colour.gif"])
  func decodeAsTheirFilesDo(name: String) throws {
    let url = fixtures.appending(path: name)
    let decoder = try ImageDecoder()
    let (fromFile, fromMemory) = (PixelBuffer(), PixelBuffer())
    _ = try decoder.open(url.path)
    try decoder.decode(into: fromFile)
    try Data(contentsOf: url).withUnsafeBytes { bytes in
      #expect(
        try decoder.open(bytes: bytes, name: "shard.tar: \(name)")
          == ImageSize(width: 37, height: 29))
      try decoder.decode(into: fromMemory)
    }
    #expect(colours(fromMemory) == colours(fromFile))
  }

  @Test func errorsCarryTheNameGiven() throws {
    let decoder = try ImageDecoder()
    let error = #expect(throws: MediaError.self) {
      try [UInt8]([1, 2]).withUnsafeBytes { try decoder.open(bytes: $0, name: "a.tar: b.jpg") }
    }
    #expect(try "\(#require(error))".hasPrefix("a.tar: b.jpg: is no image"))
    #expect(throws: MediaError.empty(file: "a.tar: c.jpg")) {
      try decoder.open(bytes: UnsafeRawBufferPointer(start: nil, count: 0), name: "a.tar: c.jpg")
    }
  }
}

@Suite struct HostileImageTests {
  /// TurboJPEG reads such a file without complaint, as a picture of 0 × 0 pixels.
  @Test func jpegOfTablesAloneIsAnError() throws {
    let quantisation = [0xFF, 0xDB, 0, 67, 0] + [UInt8](repeating: 1, count: 64)
    let bytes = [0xFF, 0xD8] + quantisation + [0xFF, 0xD9]
    let decoder = try ImageDecoder()
    let error = #expect(throws: MediaError.self) {
      try bytes.withUnsafeBytes { try decoder.open(bytes: $0, name: "tables.jpg") }
    }
    #expect(try "\(#require(error))" == "tables.jpg: broken JPEG: holds no picture, only tables")
  }

  /// Where each format states its size, and 60 000 × 60 000 (for WebP the most it can) in its way.
  @Test(arguments: [
    ("colour.png", 16, [0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60], "60000x60000"),
    ("colour.bmp", 18, [0x60, 0xEA, 0, 0, 0x60, 0xEA, 0, 0], "60000x60000"),
    ("colour.bmp", 18, [0x60, 0xEA, 0, 0, 0xA0, 0x15, 0xFF, 0xFF], "60000x60000"),
    ("colour.gif", 6, [0x60, 0xEA, 0x60, 0xEA], "60000x60000"),
    ("lossy.webp", 26, [0xFF, 0x3F, 0xFF, 0x3F], "16383x16383"),
    ("lossless.webp", 21, [0xFF, 0xFF, 0xFF, 0x0F], "16384x16384"),
  ])
  func absurdSizesAreRefusedFromTheHeader(
    name: String, offset: Int, stated: [UInt8], size: String
  ) throws {
    var bytes = try [UInt8](Data(contentsOf: fixtures.appending(path: name)))
    bytes.replaceSubrange(offset..<(offset + stated.count), with: stated)
    let decoder = try ImageDecoder()
    let error = #expect(throws: MediaError.self) {
      try bytes.withUnsafeBytes { try decoder.open(bytes: $0, name: name) }
    }
    #expect(
      try "\(#require(error))"
        == "\(name): claims \(size) pixels; at most \(ImageDecoder.maximumPixels) are decoded")
  }

  /// TIFF states its size anywhere: what FFmpeg finds is refused before memory is taken.
  @Test func absurdTIFFIsRefusedToo() throws {
    var bytes = try [UInt8](Data(contentsOf: fixtures.appending(path: "plain.tiff")))
    let directory = bytes[4..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    for entry in 0..<Int(bytes[directory]) {
      let start = directory + 2 + 12 * entry
      // Tags 256 and 257 are width and height, 16-bit values.
      guard bytes[start + 1] == 1, bytes[start] <= 1 else { continue }
      bytes.replaceSubrange((start + 8)..<(start + 10), with: [0xE0, 0x2E])
    }
    let decoder = try ImageDecoder()
    let error = #expect(throws: MediaError.self) {
      try bytes.withUnsafeBytes { try decoder.open(bytes: $0, name: "a.tiff") }
    }
    #expect(try "\(#require(error))".contains("a.tiff: claims 12000x12000 pixels"))
  }

  /// Rows that the compressed data does not hold must not come out as whatever memory held.
  @Test func pngWithMissingRowsIsAnError() throws {
    var bytes = try [UInt8](Data(contentsOf: fixtures.appending(path: "colour.png")))
    bytes[23] += 9
    let checksum = crc32(bytes[12..<29])
    bytes.replaceSubrange(29..<33, with: checksum)
    let decoder = try ImageDecoder()
    let error = #expect(throws: MediaError.self) {
      try bytes.withUnsafeBytes { try decoder.open(bytes: $0, name: "short.png") }
    }
    #expect(try "\(#require(error))".hasPrefix("short.png: broken PNG: "))
  }

  /// Any bytes at all: an image or a named error, and the decoder is as good as new.
  @Test(arguments: [
    "palette.png", "deep_grey_alpha.png", "lossy.webp", "lossless.webp", "colour.gif",
    "palette.bmp", "deflated.tiff", "progressive.jpg",
  ])
  func mutatedImagesNeverCrash(name: String) throws {
    let whole = try [UInt8](Data(contentsOf: fixtures.appending(path: name)))
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededGenerator(seed)
    let decoder = try ImageDecoder()
    let pixels = PixelBuffer()
    for _ in 0..<150 {
      let mutated = random.mutate(whole)
      do {
        try mutated.withUnsafeBytes {
          _ = try decoder.open(bytes: $0, name: name)
          try decoder.decode(into: pixels)
        }
      } catch let error as MediaError {
        #expect("\(error)".hasPrefix(name), "seed \(seed)")
      }
    }
    _ = try whole.withUnsafeBytes { try decoder.open(bytes: $0, name: name) }
  }
}
