import CTurboJPEG
import Foundation

/// Encodes JPEG files; owns one TurboJPEG compressor and its output buffer, for one thread at a time.
public final class JPEGEncoder {
  private let handle: tjhandle
  private var storage = UnsafeMutableBufferPointer<UInt8>(start: nil, count: 0)

  /// - Throws: `MediaError.codec` when the codec library cannot start.
  public init() throws {
    guard let handle = tjInitCompress() else {
      throw MediaError.codec(reason: "TurboJPEG cannot start a compressor")
    }
    self.handle = handle
  }

  deinit {
    storage.deallocate()
    tjDestroy(handle)
  }

  /// Encodes with 4:2:0 chroma.
  ///
  /// - Parameter quality: 1 to 100.
  /// - Returns: the file's bytes, valid until the next call.
  /// - Throws: `MediaError.codec`.
  public func encode(_ pixels: PixelBuffer, quality: Int) throws -> UnsafeRawBufferPointer {
    let sampling = Int32(TJSAMP_420.rawValue)
    let worstCase = Int(tjBufSize(Int32(pixels.width), Int32(pixels.height), sampling))
    if worstCase > storage.count {
      storage.deallocate()
      storage = .allocate(capacity: worstCase)
    }
    var encoded = storage.baseAddress
    var encodedCount = UInt(storage.count)
    let status = tjCompress2(
      handle, pixels.bytes.baseAddress, Int32(pixels.width), 0, Int32(pixels.height),
      TJPF_RGBX.rawValue, &encoded, &encodedCount, sampling, Int32(quality),
      TJFLAG_ACCURATEDCT | TJFLAG_NOREALLOC)
    guard status == 0 else {
      throw MediaError.codec(reason: String(cString: tjGetErrorStr2(handle)))
    }
    return UnsafeRawBufferPointer(start: encoded, count: Int(encodedCount))
  }

  /// Encodes into a file, replacing what is there.
  ///
  /// - Throws: `MediaError.codec`, `MediaError.unwritable`.
  public func write(_ pixels: PixelBuffer, quality: Int, to file: String) throws {
    let bytes = try encode(pixels, quality: quality)
    guard let stream = fopen(file, "wb") else { throw MediaError.unwritable(file) }
    let written = fwrite(bytes.baseAddress, 1, bytes.count, stream)
    let closed = fclose(stream)
    guard written == bytes.count && closed == 0 else { throw MediaError.unwritable(file) }
  }
}
