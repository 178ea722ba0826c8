import CFFmpeg

/// Makes grey images of any size from coloured ones; owns libswscale's state, for one thread at a time.
final class GreyScaler {
  /// Rows of grey pixels, with room behind each for the whole vectors that libswscale reads and writes.
  private struct Plane {
    static let padding = 64
    private(set) var bytes: [UInt8] = []
    private(set) var size = ImageSize(width: 0, height: 0)
    /// Bytes from row to row.
    var stride: Int { (size.width + 2 * Self.padding - 1) / Self.padding * Self.padding }

    mutating func resize(_ size: ImageSize) {
      self.size = size
      let needed = stride * size.height + Self.padding
      if needed > bytes.count { bytes = [UInt8](repeating: 0, count: needed) }
    }

    mutating func withPointer<Result>(
      _ body: (UnsafeMutablePointer<UInt8>?) throws -> Result
    ) rethrows -> Result {
      try bytes.withUnsafeMutableBufferPointer { try body($0.baseAddress) }
    }
  }

  private var context: UnsafeMutableRawPointer?
  private var whole = Plane()
  private var scaled = Plane()

  deinit { aver_scaler_free(context) }

  /// The grey image made last: `size.height` rows that begin `stride` bytes apart.
  var grey: [UInt8] { scaled.bytes }
  /// Its size.
  var size: ImageSize { scaled.size }
  /// Bytes from one of its rows to the next.
  var stride: Int { scaled.stride }

  /// Resizes the pixels of `columns` and `rows` to `scale` times their size, with anti-aliasing.
  ///
  /// - Returns: the factors by which they were made larger, which rounding makes differ from `scale`.
  /// - Throws: `MediaError.codec`.
  func convert(
    _ pixels: PixelBuffer, columns: Range<Int>, rows: Range<Int>, scale: Double
  ) throws -> SIMD2<Float> {
    takeGrey(pixels, columns, rows)
    let part = whole.size
    let target = ImageSize(
      width: max(1, Int((Double(part.width) * scale).rounded())),
      height: max(1, Int((Double(part.height) * scale).rounded())))
    scaled.resize(target)
    try prepare()
    let strides = (source: Int32(whole.stride), target: Int32(scaled.stride))
    let written = whole.withPointer { source in
      scaled.withPointer { target in
        aver_scale(
          context, [UnsafePointer(source)], [strides.source], Int32(part.height), [target],
          [strides.target])
      }
    }
    guard written == target.height else { throw failure() }
    return SIMD2(
      Float(target.width) / Float(part.width), Float(target.height) / Float(part.height))
  }

  /// Luma of the colours, in whole numbers.
  ///
  /// - Source: the weights of ITU-R BT.601 by 256.
  private func takeGrey(_ pixels: PixelBuffer, _ columns: Range<Int>, _ rows: Range<Int>) {
    whole.resize(ImageSize(width: columns.count, height: rows.count))
    let stride = whole.stride
    let colours = pixels.bytes
    whole.withPointer { grey in
      guard let grey, let base = colours.baseAddress else { return }
      for row in rows {
        let line = base + 4 * (row * pixels.width + columns.lowerBound)
        let target = grey + (row - rows.lowerBound) * stride
        for column in 0..<columns.count {
          let pixel = line + 4 * column
          let sum = 77 * UInt32(pixel[0]) + 150 * UInt32(pixel[1]) + 29 * UInt32(pixel[2])
          target[column] = UInt8(truncatingIfNeeded: (sum + 128) >> 8)
        }
      }
    }
  }

  /// With libswscale's exact arithmetic, so that every processor makes the same image.
  private func prepare() throws {
    context = aver_scaler(
      context, Int32(whole.size.width), Int32(whole.size.height), AV_PIX_FMT_GRAY8,
      Int32(scaled.size.width), Int32(scaled.size.height), AV_PIX_FMT_GRAY8, aver_scale_grey)
    if context == nil { throw failure() }
  }

  private func failure() -> MediaError {
    .codec(
      reason: "libswscale cannot resize \(whole.size.width)x\(whole.size.height) pixels to "
        + "\(scaled.size.width)x\(scaled.size.height)")
  }
}
