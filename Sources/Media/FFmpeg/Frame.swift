import CFFmpeg

/// Owns one `AVFrame`: a decoded picture or a stretch of sound, reused from one to the next.
final class Frame {
  let pointer: UnsafeMutablePointer<AVFrame>

  init() throws {
    guard let pointer = av_frame_alloc() else { throw MediaError.codec(reason: "out of memory") }
    self.pointer = pointer
  }

  deinit {
    var pointer: UnsafeMutablePointer<AVFrame>? = pointer
    av_frame_free(&pointer)
  }

  /// As the decoder wrote it, before any rotation.
  var size: ImageSize {
    ImageSize(width: Int(pointer.pointee.width), height: Int(pointer.pointee.height))
  }

  /// Whether the decoder had to make up a part of the picture.
  var isDamaged: Bool {
    pointer.pointee.decode_error_flags != 0
      || pointer.pointee.flags & AV_FRAME_FLAG_CORRUPT != 0
  }
}
