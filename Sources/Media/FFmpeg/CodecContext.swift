import CFFmpeg

/// Owns one `AVCodecContext`: a decoder or an encoder.
final class CodecContext {
  let pointer: UnsafeMutablePointer<AVCodecContext>

  init(_ codec: UnsafePointer<AVCodec>) throws {
    guard let pointer = avcodec_alloc_context3(codec) else {
      throw MediaError.codec(reason: "out of memory")
    }
    self.pointer = pointer
  }

  deinit {
    var pointer: UnsafeMutablePointer<AVCodecContext>? = pointer
    avcodec_free_context(&pointer)
  }
}
