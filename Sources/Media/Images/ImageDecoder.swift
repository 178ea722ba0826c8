/// Decodes JPEG, PNG, WebP, BMP, TIFF and GIF (its first picture) to RGB, told apart by their
/// content and not by their names.
///
/// Each thread has its own; it keeps its buffers and codecs from file to file.
public final class ImageDecoder {
  /// More pixels than this are refused from the header alone: 8192 × 8192.
  public static let maximumPixels = 1 << 26

  private let file = FileBytes()
  private let jpeg: JPEGDecoder
  private let still: StillImageDecoder
  private var opened: (name: String, content: Content)?

  private enum Content {
    /// Its bytes are read again by `decode`.
    case jpeg(UnsafeRawBufferPointer, ImageSize)
    /// Decoded already.
    case other
  }

  /// - Throws: `MediaError.codec` when the codec library cannot start.
  public init() throws {
    jpeg = try JPEGDecoder()
    still = try StillImageDecoder()
  }

  /// Reads a file and its header; `decode` then gives its pixels.
  ///
  /// - Returns: the size of the whole image.
  /// - Throws: `MediaError` naming the file.
  public func open(_ path: String) throws -> ImageSize {
    opened = nil
    try file.read(path)
    return try open(bytes: file.bytes, name: path)
  }

  /// Takes an image that is in memory, such as a member of an archive; `decode` then gives its pixels.
  ///
  /// - Parameters:
  ///   - bytes: the whole file; they stay as they are until the last `decode` of this image.
  ///   - name: what errors call it.
  /// - Returns: the size of the whole image.
  /// - Throws: `MediaError` naming `name`.
  public func open(bytes: UnsafeRawBufferPointer, name: String) throws -> ImageSize {
    opened = nil
    if bytes.isEmpty { throw MediaError.empty(file: name) }
    guard bytes.count <= FileBytes.limit else {
      throw MediaError.tooManyBytes(file: name, bytes: bytes.count, limit: FileBytes.limit)
    }
    guard let format = ImageFormat(startOf: bytes) else {
      throw MediaError.unknownFormat(file: name, firstBytes: Array(bytes.prefix(4)))
    }
    guard format == .jpeg else {
      let size = try still.open(bytes, format: format, file: name)
      opened = (name, .other)
      return size
    }
    let size = try jpeg.size(of: bytes, file: name)
    try size.requireDecodable(name)
    opened = (name, .jpeg(bytes, size))
    return size
  }

  /// Decodes the image opened last.
  ///
  /// - Parameters:
  ///   - pixels: takes the image; its size is set.
  ///   - reduction: by how much JPEG is made smaller on the way; others ignore it.
  ///   - keepsGrey: whether a grey JPEG comes as one byte a pixel; others are always four.
  /// - Returns: the reduction that `pixels` has.
  /// - Throws: `MediaError` naming the file.
  @discardableResult
  public func decode(
    into pixels: PixelBuffer, reduction: DecodingReduction = .none, keepsGrey: Bool = false
  ) throws -> DecodingReduction {
    guard let opened else { throw MediaError.codec(reason: "decode called before open") }
    switch opened.content {
    case .jpeg(let bytes, let size):
      try jpeg.decode(
        bytes, size: size, reduction: reduction, keepsGrey: keepsGrey, into: pixels,
        file: opened.name)
      return reduction
    case .other:
      try still.decode(into: pixels)
      return .none
    }
  }
}
