import CPNG

/// Owns libpng's state for one file after another; used by one thread at a time.
final class PNGDecoder {
  // libpng keeps a pointer to this structure in its own state: its address must not change.
  private let image: UnsafeMutablePointer<png_image>

  init() {
    image = .allocate(capacity: 1)
    image.initialize(to: png_image())
  }

  deinit {
    png_image_free(image)
    image.deallocate()
  }

  /// Reads the header of `bytes`, which must stay where they are until `decode`.
  func size(of bytes: UnsafeRawBufferPointer, file: String) throws -> ImageSize {
    png_image_free(image)
    image.pointee = png_image()
    image.pointee.version = png_uint_32(PNG_IMAGE_VERSION)
    guard png_image_begin_read_from_memory(image, bytes.baseAddress, bytes.count) != 0 else {
      throw failure(file)
    }
    return ImageSize(width: Int(image.pointee.width), height: Int(image.pointee.height))
  }

  /// Decodes the file whose header was read last: grey, palette and 16 bit become 8-bit RGB.
  ///
  /// Transparency is dropped, as PIL's and torchvision's conversions to RGB do.
  func decode(into pixels: PixelBuffer, file: String) throws {
    pixels.resize(
      ImageSize(width: Int(image.pointee.width), height: Int(image.pointee.height)))
    image.pointee.format = png_uint_32(PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_ALPHA)
    // Without it libpng takes 16-bit samples for linear light.
    image.pointee.flags |= png_uint_32(PNG_IMAGE_FLAG_16BIT_sRGB)
    guard png_image_finish_read(image, nil, pixels.bytes.baseAddress, 0, nil) != 0 else {
      throw failure(file)
    }
  }

  private func failure(_ file: String) -> MediaError {
    let reason = withUnsafeBytes(of: image.pointee.message) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    return .broken(file: file, format: .png, reason: reason)
  }
}
