/// Decodes JPEG and PNG files to RGB, told apart by their content and not by their names.
///
/// Each thread has its own; it keeps its buffers and codecs from file to file.
public final class ImageDecoder {
  /// More pixels than this are refused from the header alone: 8192 × 8192.
  public static let maximumPixels = 1 << 26

  private let file = FileBytes()
  private let jpeg: JPEGDecoder
  private let png = PNGDecoder()
  private var opened: (path: String, format: ImageFormat, size: ImageSize)?

  /// - Throws: `MediaError.codec` when the codec library cannot start.
  public init() throws { jpeg = try JPEGDecoder() }

  /// Reads a file and its header; `decode` then gives its pixels.
  ///
  /// - Returns: the size of the whole image.
  /// - Throws: `MediaError` naming the file.
  public func open(_ path: String) throws -> ImageSize {
    opened = nil
    try file.read(path)
    guard let format = ImageFormat(startOf: file.bytes) else {
      throw MediaError.unknownFormat(file: path, firstBytes: Array(file.bytes.prefix(4)))
    }
    let size = try size(format, path)
    let (pixels, overflow) = size.width.multipliedReportingOverflow(by: size.height)
    guard !overflow && pixels <= Self.maximumPixels else {
      throw MediaError.tooManyPixels(
        file: path, width: size.width, height: size.height, limit: Self.maximumPixels)
    }
    opened = (path, format, size)
    return size
  }

  /// Decodes the file opened last.
  ///
  /// - Parameters:
  ///   - pixels: takes the image; its size is set.
  ///   - reduction: by how much JPEG is made smaller on the way; others ignore it.
  /// - Returns: the reduction that `pixels` has.
  /// - Throws: `MediaError` naming the file.
  @discardableResult
  public func decode(
    into pixels: PixelBuffer, reduction: DecodingReduction = .none
  ) throws -> DecodingReduction {
    guard let opened else { throw MediaError.codec(reason: "decode called before open") }
    switch opened.format {
    case .jpeg:
      try jpeg.decode(
        file.bytes, size: opened.size, reduction: reduction, into: pixels, file: opened.path)
      return reduction
    case .png:
      // libpng's state serves one decode of each open.
      self.opened = nil
      try png.decode(into: pixels, file: opened.path)
      return .none
    }
  }

  private func size(_ format: ImageFormat, _ path: String) throws -> ImageSize {
    switch format {
    case .jpeg: try jpeg.size(of: file.bytes, file: path)
    case .png: try png.size(of: file.bytes, file: path)
    }
  }
}
