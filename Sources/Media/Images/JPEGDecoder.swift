import CTurboJPEG

/// Owns one TurboJPEG decompressor; used by one thread at a time.
final class JPEGDecoder {
  private var handle: tjhandle
  private var colourSpace = TJCS_RGB

  init() throws { handle = try Self.newHandle() }

  private static func newHandle() throws -> tjhandle {
    guard let handle = tjInitDecompress() else {
      throw MediaError.codec(reason: "TurboJPEG cannot start a decompressor")
    }
    return handle
  }

  deinit { tjDestroy(handle) }

  /// Reads the header of `bytes`.
  func size(of bytes: UnsafeRawBufferPointer, file: String) throws -> ImageSize {
    var width: Int32 = 0
    var height: Int32 = 0
    var subsampling: Int32 = 0
    var colourSpace: Int32 = 0
    let status = tjDecompressHeader3(
      handle, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt(bytes.count),
      &width, &height, &subsampling, &colourSpace)
    guard status == 0 else { throw try failure(file) }
    // Tables alone are a JPEG file, too.
    guard width > 0 && height > 0 else {
      throw MediaError.broken(file: file, format: .jpeg, reason: "holds no picture, only tables")
    }
    self.colourSpace = TJCS(UInt32(bitPattern: colourSpace))
    return ImageSize(width: Int(width), height: Int(height))
  }

  /// Decodes the file whose header was read last.
  ///
  /// A warning ends it: what TurboJPEG calls a warning (premature end, corrupt data) leaves grey
  /// areas in the picture, which must not pass for a face.
  func decode(
    _ bytes: UnsafeRawBufferPointer, size: ImageSize, reduction: DecodingReduction,
    keepsGrey: Bool, into pixels: PixelBuffer, file: String
  ) throws {
    let isGrey = keepsGrey && colourSpace == TJCS_GRAY
    let isFourColour = colourSpace == TJCS_CMYK || colourSpace == TJCS_YCCK
    pixels.resize(reduction.reduced(size), channels: isGrey ? 1 : 4)
    let format = isGrey ? TJPF_GRAY : isFourColour ? TJPF_CMYK : TJPF_RGBX
    let status = tjDecompress2(
      handle, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt(bytes.count),
      pixels.bytes.baseAddress, Int32(pixels.width), 0, Int32(pixels.height), format.rawValue,
      TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS)
    guard status == 0 else { throw try failure(file) }
    if isFourColour { Self.convertFourColours(pixels.bytes) }
  }

  /// Cyan, magenta, yellow and black to red, green and blue.
  ///
  /// Files store them inverted (Adobe's convention, which every writer follows): red = C·K / 255.
  private static func convertFourColours(_ bytes: UnsafeMutableBufferPointer<UInt8>) {
    for pixel in stride(from: 0, to: bytes.count, by: 4) {
      let black = UInt32(bytes[pixel + 3])
      for colour in pixel..<(pixel + 3) {
        bytes[colour] = UInt8((UInt32(bytes[colour]) * black + 127) / 255)
      }
    }
  }

  /// What went wrong, with a fresh decompressor for the next file: after a failure in the header
  /// TurboJPEG 2.1 goes on from the middle of it and refuses whatever comes next.
  private func failure(_ file: String) throws -> MediaError {
    let reason = String(cString: tjGetErrorStr2(handle))
    let fresh = try Self.newHandle()
    tjDestroy(handle)
    handle = fresh
    return .broken(file: file, format: .jpeg, reason: reason)
  }
}
