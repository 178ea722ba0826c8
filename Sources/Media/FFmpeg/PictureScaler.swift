import CFFmpeg

/// Owns one `SwsContext`: converts pictures from any of FFmpeg's pixel formats into `RGBX` and back.
///
/// Accurate: the shortcut that swscale takes otherwise makes pictures darker by 1 to 1.5 of 255 and
/// depends on the instruction set. Without it all give the same bytes, 0.34 from the formula on
/// average, in seven times the time (2 ms for 640 × 360 pixels).
final class PictureScaler {
  private var context: UnsafeMutableRawPointer?

  deinit { aver_scaler_free(context) }

  /// Converts a decoded picture; where the stream does not name its matrix, BT.601 is meant.
  ///
  /// - Parameter destination: `[height, width, 4]` of the frame's size, rows without gaps.
  func convert(_ frame: Frame, into destination: UnsafeMutableBufferPointer<UInt8>) throws {
    let picture = frame.pointer.pointee
    let size = frame.size
    let source = AVPixelFormat(rawValue: picture.format)
    try prepare(size, from: source, to: AV_PIX_FMT_RGB0)
    try setColours(
      matrix: picture.colorspace, isFullRange: picture.color_range == AVCOL_RANGE_JPEG,
      rgbIsSource: false)
    var planes: [UnsafeMutablePointer<UInt8>?] = [destination.baseAddress, nil, nil, nil]
    var strides: [CInt] = [4 * picture.width, 0, 0, 0]
    try scale(picture, rows: picture.height, into: &planes, strides: &strides)
  }

  /// Converts `pixels` into the planes of `frame`, whose format, size and colours are set.
  func convert(_ pixels: PixelBuffer, into frame: Frame) throws {
    let picture = frame.pointer.pointee
    try prepare(frame.size, from: AV_PIX_FMT_RGB0, to: AVPixelFormat(rawValue: picture.format))
    try setColours(
      matrix: picture.colorspace, isFullRange: picture.color_range == AVCOL_RANGE_JPEG,
      rgbIsSource: true)
    var source = AVFrame()
    source.data.0 = pixels.bytes.baseAddress
    source.linesize.0 = 4 * picture.width
    var planes = [picture.data.0, picture.data.1, picture.data.2, picture.data.3]
    var strides = [
      picture.linesize.0, picture.linesize.1, picture.linesize.2, picture.linesize.3,
    ]
    try scale(source, rows: picture.height, into: &planes, strides: &strides)
  }

  private func prepare(_ size: ImageSize, from source: AVPixelFormat, to destination: AVPixelFormat)
    throws
  {
    let (width, height) = (CInt(size.width), CInt(size.height))
    LibAVLog.begin()
    context = aver_scaler(
      context, width, height, source, width, height, destination, aver_scale_colours)
    guard context != nil else {
      throw MediaError.codec(reason: LibAVLog.message ?? "no conversion between pixel formats")
    }
  }

  /// RGB is full range; the other side has `matrix` and `isFullRange`.
  private func setColours(matrix: AVColorSpace, isFullRange: Bool, rgbIsSource: Bool) throws {
    let coefficients = sws_getCoefficients(CInt(bitPattern: matrix.rawValue))
    let otherRange: CInt = isFullRange ? 1 : 0
    // Formats without chroma have nothing to set, and say so by a negative code.
    _ = aver_scaler_set_colours(
      context, coefficients, rgbIsSource ? 1 : otherRange, rgbIsSource ? otherRange : 1)
  }

  private func scale(
    _ source: AVFrame, rows: CInt, into planes: inout [UnsafeMutablePointer<UInt8>?],
    strides: inout [CInt]
  ) throws {
    let sources: [UnsafePointer<UInt8>?] = [
      source.data.0, source.data.1, source.data.2, source.data.3,
    ].map { $0.map { UnsafePointer($0) } }
    let sourceStrides = [
      source.linesize.0, source.linesize.1, source.linesize.2, source.linesize.3,
    ]
    let context = context
    try libav({ .codec(reason: $0) }) {
      aver_scale(context, sources, sourceStrides, rows, planes, strides)
    }
  }
}
