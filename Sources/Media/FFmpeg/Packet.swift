import CFFmpeg

/// Owns one `AVPacket`: a piece of a compressed stream, reused from one to the next.
final class Packet {
  let pointer: UnsafeMutablePointer<AVPacket>

  init() throws {
    guard let pointer = av_packet_alloc() else { throw MediaError.codec(reason: "out of memory") }
    self.pointer = pointer
  }

  deinit {
    var pointer: UnsafeMutablePointer<AVPacket>? = pointer
    av_packet_free(&pointer)
  }

  /// Lets go of the content.
  func clear() { av_packet_unref(pointer) }
}
