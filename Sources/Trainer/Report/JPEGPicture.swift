import Media

/// A picture as a JPEG file.
struct JPEGPicture: Equatable, Sendable {
  /// Small files whose faces are still faces.
  private static let quality = 80

  /// Columns.
  let width: Int
  /// Rows.
  let height: Int
  /// The file's bytes.
  let file: [UInt8]

  /// A picture whose file is there.
  init(width: Int, height: Int, file: [UInt8]) {
    self.width = width
    self.height = height
    self.file = file
  }

  /// Encodes pixels.
  ///
  /// - Throws: `MediaError.codec`.
  init(_ pixels: PixelBuffer) throws {
    let encoder = try JPEGEncoder()
    width = pixels.width
    height = pixels.height
    // The bytes are the encoder's: it has to live until they are copied.
    file = try withExtendedLifetime(encoder) {
      Array(try encoder.encode(pixels, quality: Self.quality))
    }
  }
}
