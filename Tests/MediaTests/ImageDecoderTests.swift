import Foundation
import Testing

@testable import Media

private let fixtures = URL(filePath: #filePath).deletingLastPathComponent().appending(
  path: "Fixtures")

private func path(_ name: String) -> String { fixtures.appending(path: name).path }

@Suite struct ImageDecoderTests {
  /// Tolerances: rounding of colour conversion for JPEG and 16 bit; CMYK is converted in one step
  /// less than PIL's, and chroma of WebP interpolated in another way.
  @Test(arguments: [
    ("colour.jpg", 1), ("progressive.jpg", 1), ("grey.jpg", 0), ("cmyk.jpg", 2), ("colour.png", 0),
    ("grey.png", 0), ("palette.png", 0), ("alpha.png", 0), ("grey_alpha.png", 0), ("bits.png", 0),
    ("deep.png", 0), ("deep_alpha.png", 0), ("deep_grey.png", 0), ("deep_grey_alpha.png", 0),
    ("lossy.webp", 7), ("lossless.webp", 0), ("alpha.webp", 0), ("colour.bmp", 0),
    ("palette.bmp", 0), ("colour.gif", 0), ("plain.tiff", 0), ("deflated.tiff", 0),
    ("grey.tiff", 0),
  ])
  func decodesAsPILDoes(name: String, tolerance: Int) throws {
    let decoder = try ImageDecoder()
    let pixels = PixelBuffer()
    #expect(try decoder.open(path(name)) == ImageSize(width: 37, height: 29))
    try decoder.decode(into: pixels)
    let expected = try [UInt8](Data(contentsOf: fixtures.appending(path: name + ".rgb")))
    #expect(largestDifference(colours(pixels), expected) <= tolerance)
  }

  @Test func halvesInTheFrequencyDomainAsPILsDraftDoes() throws {
    let decoder = try ImageDecoder()
    let pixels = PixelBuffer()
    _ = try decoder.open(path("colour.jpg"))
    #expect(try decoder.decode(into: pixels, reduction: .half) == .half)
    #expect(pixels.width == 19 && pixels.height == 15)
    let expected = try [UInt8](Data(contentsOf: fixtures.appending(path: "colour.jpg.half.rgb")))
    #expect(largestDifference(colours(pixels), expected) <= 1)
  }

  @Test func pngIsNeverReduced() throws {
    let decoder = try ImageDecoder()
    let pixels = PixelBuffer()
    _ = try decoder.open(path("colour.png"))
    #expect(try decoder.decode(into: pixels, reduction: .quarter) == .none)
    #expect(pixels.width == 37)
  }

  @Test func reductionNeverGoesBelowTheTarget() {
    func reduction(_ width: Int, _ height: Int, _ target: Int) -> DecodingReduction {
      .largest(keeping: ImageSize(width: width, height: height), above: target)
    }
    #expect(reduction(223, 500, 112) == .none)
    #expect(reduction(224, 500, 112) == .half)
    #expect(reduction(896, 448, 112) == .quarter)
    #expect(reduction(4000, 4000, 112) == .eighth)
    #expect(reduction(50, 50, 112) == .none)
  }

  @Test func formatIsToldByContentNotByName() throws {
    let scratch = try Scratch()
    let png = try Data(contentsOf: fixtures.appending(path: "colour.png"))
    let decoder = try ImageDecoder()
    let size = try decoder.open(try scratch.file("misnamed.jpg", png))
    #expect(size == ImageSize(width: 37, height: 29))
  }

  @Test func oneDecoderServesManyFiles() throws {
    let decoder = try ImageDecoder()
    let pixels = PixelBuffer()
    for name in ["colour.png", "colour.jpg", "deep.png", "colour.jpg"] {
      _ = try decoder.open(path(name))
      // A header that is not followed by its pixels must not disturb what comes next.
      _ = try decoder.open(path("alpha.png"))
      _ = try decoder.open(path(name))
      try decoder.decode(into: pixels)
      #expect(pixels.width == 37)
    }
  }
}

@Suite struct BrokenImageTests {
  private func error(opening file: String) throws -> MediaError {
    let decoder = try ImageDecoder()
    let error = #expect(throws: MediaError.self, "\(file)") {
      _ = try decoder.open(file)
      try decoder.decode(into: PixelBuffer())
    }
    return try #require(error)
  }

  @Test func missingFileIsNamed() throws {
    let error = try error(opening: "/nowhere/face.jpg")
    #expect("\(error)" == "/nowhere/face.jpg: cannot be read: No such file or directory")
  }

  @Test func folderIsNoImage() throws {
    let error = try error(opening: fixtures.path)
    #expect("\(error)".hasSuffix("cannot be read: not a regular file"))
  }

  @Test func emptyFileIsNamed() throws {
    let scratch = try Scratch()
    let empty = try scratch.file("empty.jpg", [])
    #expect(try error(opening: empty) == .empty(file: empty))
  }

  @Test(arguments: [
    ("<html>", "like text"), ("RIFF0000WAVE", "with 52 49 46 46"), ("zzzzzz", "with 7a 7a 7a 7a"),
    ("z", "with 7a"),
  ])
  func foreignContentIsNamed(content: String, beginning: String) throws {
    let scratch = try Scratch()
    let file = try scratch.file("face.jpg", Array(content.utf8))
    let kinds = "(JPEG, PNG, WebP, GIF, BMP, TIFF)"
    #expect(
      try "\(error(opening: file))"
        == "\(file): is no image of a kind that is read \(kinds); it starts \(beginning)")
  }

  @Test(arguments: [
    "colour.jpg", "progressive.jpg", "colour.png", "palette.png", "bits.png", "lossy.webp",
    "lossless.webp", "colour.bmp", "palette.bmp", "colour.gif", "plain.tiff", "deflated.tiff",
  ])
  func everyTruncationIsAnError(name: String) throws {
    let scratch = try Scratch()
    let whole = try [UInt8](Data(contentsOf: fixtures.appending(path: name)))
    // The last few bytes of a file are its end marker, without which the picture is whole.
    for count in stride(from: 1, to: whole.count - 24, by: 13) {
      let file = try scratch.file("cut-\(count)", whole[..<count])
      let message = try "\(error(opening: file))"
      #expect(message.hasPrefix(file))
    }
  }

  @Test(arguments: [
    "colour.jpg", "colour.png", "lossy.webp", "lossless.webp", "colour.bmp", "colour.gif",
    "plain.tiff", "deflated.tiff",
  ])
  func damageNeverCrashes(name: String) throws {
    let scratch = try Scratch()
    let whole = try [UInt8](Data(contentsOf: fixtures.appending(path: name)))
    let decoder = try ImageDecoder()
    for position in stride(from: 2, to: whole.count, by: 3) {
      var damaged = whole
      damaged[position] ^= 0xFF
      let file = try scratch.file("damaged", damaged)
      // Either is right: some bytes do not matter.
      do {
        _ = try decoder.open(file)
        try decoder.decode(into: PixelBuffer())
      } catch let error as MediaError {
        #expect("\(error)".hasPrefix(file))
      }
    }
  }

  @Test func absurdSizeIsRefusedFromTheHeader() throws {
    let scratch = try Scratch()
    var jpeg = try [UInt8](Data(contentsOf: fixtures.appending(path: "colour.jpg")))
    let frame = try #require(
      jpeg.indices.dropLast().first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
    jpeg.replaceSubrange((frame + 5)..<(frame + 9), with: [0xEA, 0x60, 0xEA, 0x60])
    let file = try scratch.file("huge.jpg", jpeg)
    #expect(
      try error(opening: file)
        == .tooManyPixels(file: file, width: 60000, height: 60000, limit: 1 << 26))
  }

  @Test func absurdPNGIsRefusedToo() throws {
    let scratch = try Scratch()
    // A header of 60000 x 60000 grey pixels with its checksum, and nothing after it.
    let header: [UInt8] = [
      0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52,
      0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60, 8, 0, 0, 0, 0,
    ]
    let checksum = crc32(header[12...])
    let data: [UInt8] = [0, 0, 0, 1, 0x49, 0x44, 0x41, 0x54, 0]
    let file = try scratch.file("huge.png", header + checksum + data + crc32(data[4...]))
    let message = try "\(error(opening: file))"
    #expect(message.contains("claims 60000x60000 pixels"))
  }
}

@Suite struct BrokenJPEGTests {
  /// A decoder is shared by all images of a thread: what one file does must not reach the next.
  @Test func aBrokenFileLeavesTheNextOneAlone() throws {
    let scratch = try Scratch()
    let pixels = PixelBuffer(width: 48, height: 48)
    for index in pixels.bytes.indices { pixels.bytes[index] = UInt8(index % 251) }
    let good = scratch.folder.appending(path: "good.jpg").path
    try JPEGEncoder().write(pixels, quality: 90, to: good)
    let whole = try Data(contentsOf: URL(fileURLWithPath: good))
    let broken = scratch.folder.appending(path: "broken.jpg")
    let decoder = try ImageDecoder()
    for length in stride(from: 2, to: min(whole.count, 700), by: 7) {
      try whole.prefix(length).write(to: broken)
      #expect(throws: (any Error).self) {
        _ = try decoder.open(broken.path)
        try decoder.decode(into: PixelBuffer())
      }
      #expect(try decoder.open(good) == ImageSize(width: 48, height: 48), "after \(length) bytes")
    }
  }
}

@Suite struct JPEGEncoderTests {
  @Test func whatIsWrittenIsReadBack() throws {
    let scratch = try Scratch()
    let pixels = PixelBuffer(width: 64, height: 48)
    for index in 0..<(64 * 48) {
      pixels.bytes[4 * index] = UInt8(index % 64 * 3)
      pixels.bytes[4 * index + 1] = UInt8(index / 64 * 5)
      pixels.bytes[4 * index + 2] = 90
      pixels.bytes[4 * index + 3] = 0
    }
    let file = scratch.folder.appending(path: "written.jpg").path
    let encoder = try JPEGEncoder()
    try encoder.write(pixels, quality: 95, to: file)
    let decoder = try ImageDecoder()
    let back = PixelBuffer()
    #expect(try decoder.open(file) == ImageSize(width: 64, height: 48))
    try decoder.decode(into: back)
    #expect(largestDifference(colours(back), colours(pixels)) < 16)
    let first = try encoder.encode(pixels, quality: 80).map { $0 }
    #expect(try encoder.encode(pixels, quality: 80).map { $0 } == first)
  }

  @Test func unwritableFileIsNamed() throws {
    let encoder = try JPEGEncoder()
    #expect(
      throws: MediaError.unwritable(file: "/nowhere/a.jpg", reason: "No such file or directory")
    ) {
      try encoder.write(PixelBuffer(width: 8, height: 8), quality: 80, to: "/nowhere/a.jpg")
    }
  }
}
