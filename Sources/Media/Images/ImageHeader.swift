/// The size that an image states at a fixed place of its header.
///
/// Decoders say only that a size is too large for them; a user needs to know which.
struct ImageHeader {
  private let bytes: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// Nil where the file is too short, or the place is not fixed (TIFF, uncommon kinds of BMP).
  func size(_ format: ImageFormat) -> ImageSize? {
    switch format {
    case .png: pair(at: 16, bytes: 4, bigEndian: true)
    case .gif: pair(at: 6, bytes: 2)
    case .bmp: bitmapSize
    case .webp: webPSize
    case .jpeg, .tiff: nil
    }
  }

  /// Rows from top to bottom are marked by a negative height.
  private var bitmapSize: ImageSize? {
    guard let size = pair(at: 18, bytes: 4), number(at: 14, bytes: 4) ?? 0 >= 40 else { return nil }
    let height = Int(Int32(truncatingIfNeeded: size.height))
    return ImageSize(width: size.width, height: abs(height))
  }

  /// Three kinds of first chunk; sizes have 14 bits, of the extended kind 24 bits less one.
  private var webPSize: ImageSize? {
    guard bytes.count >= 16 else { return nil }
    switch String(decoding: bytes[12..<16], as: UTF8.self) {
    case "VP8 ":
      return pair(at: 26, bytes: 2).map {
        ImageSize(width: $0.width & 0x3FFF, height: $0.height & 0x3FFF)
      }
    case "VP8L":
      return number(at: 21, bytes: 4).map {
        ImageSize(width: $0 & 0x3FFF + 1, height: $0 >> 14 & 0x3FFF + 1)
      }
    case "VP8X":
      return pair(at: 24, bytes: 3).map {
        ImageSize(width: $0.width + 1, height: $0.height + 1)
      }
    default: return nil
    }
  }

  private func pair(at offset: Int, bytes count: Int, bigEndian: Bool = false) -> ImageSize? {
    guard let width = number(at: offset, bytes: count, bigEndian: bigEndian),
      let height = number(at: offset + count, bytes: count, bigEndian: bigEndian)
    else { return nil }
    return ImageSize(width: width, height: height)
  }

  private func number(at offset: Int, bytes count: Int, bigEndian: Bool = false) -> Int? {
    guard bytes.count >= offset + count else { return nil }
    let digits = bytes[offset..<(offset + count)]
    return (bigEndian ? Array(digits) : digits.reversed()).reduce(0) { $0 << 8 | Int($1) }
  }
}
