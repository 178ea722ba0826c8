/// Pixels in memory, four bytes each: red, green, blue and one that has no meaning; or one byte of grey,
/// where who fills the buffer was asked to keep grey pictures so.
///
/// The memory is kept and reused by later, smaller images: decoding into the same buffer again
/// and again allocates nothing once the largest image was seen.
///
/// - Shapes: `bytes` is `[height, width, channels]`, rows without gaps.
public final class PixelBuffer {
  /// Columns.
  public private(set) var width = 0
  /// Rows.
  public private(set) var height = 0
  /// Bytes of a pixel: 4, or 1 for grey.
  public private(set) var channels = 4
  /// swscale's vector code writes whole vectors, beyond the end of the last row too.
  private static let slack = 64
  private var storage = UnsafeMutableBufferPointer<UInt8>(start: nil, count: 0)

  /// An empty buffer.
  public init() {}

  /// A buffer of `width` × `height` pixels of undefined content.
  public convenience init(width: Int, height: Int) {
    self.init()
    resize(ImageSize(width: width, height: height))
  }

  deinit { storage.deallocate() }

  /// The pixels; valid until the next `resize`.
  public var bytes: UnsafeMutableBufferPointer<UInt8> {
    UnsafeMutableBufferPointer(rebasing: storage[0..<(channels * width * height)])
  }

  /// Makes room for another size; the content is undefined afterwards.
  public func resize(_ size: ImageSize) { resize(size, channels: 4) }

  /// Takes another picture's size and content.
  public func copy(_ other: PixelBuffer) {
    resize(ImageSize(width: other.width, height: other.height), channels: other.channels)
    _ = bytes.update(fromContentsOf: other.bytes)
  }

  /// Makes room for pixels of `channels` bytes, 1 or 4; the content is undefined afterwards.
  func resize(_ size: ImageSize, channels: Int) {
    let needed = channels * size.width * size.height
    if needed + Self.slack > storage.count {
      storage.deallocate()
      storage = .allocate(capacity: needed + Self.slack)
    }
    width = size.width
    height = size.height
    self.channels = channels
  }
}
