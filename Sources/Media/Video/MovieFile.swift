import CFFmpeg

/// Owns one `AVFormatContext` that writes a file of several streams.
final class MovieFile {
  let file: String
  private let context: UnsafeMutablePointer<AVFormatContext>

  /// - Parameter format: FFmpeg's name of the container: "mp4" or "mov".
  init(_ file: String, format: String) throws {
    self.file = file
    var made: UnsafeMutablePointer<AVFormatContext>?
    try libav({ .codec(reason: $0) }) {
      avformat_alloc_output_context2(&made, nil, format, nil)
    }
    guard let made else { throw MediaError.codec(reason: "FFmpeg cannot write \(format)") }
    context = made
    // No dates and versions: the same frames give the same bytes.
    context.pointee.flags |= AVFMT_FLAG_BITEXACT
    try libav({ .unwritable(file: file, reason: $0) }) {
      avio_open(&made.pointee.pb, "file:" + file, AVIO_FLAG_WRITE)
    }
  }

  deinit {
    avio_closep(&context.pointee.pb)
    avformat_free_context(context)
  }

  /// Whether encoders have to put their headers into the container's.
  var wantsGlobalHeader: Bool {
    context.pointee.oformat.map { $0.pointee.flags & AVFMT_GLOBALHEADER != 0 } ?? false
  }

  /// Adds what an encoder makes, before `begin`.
  func addStream(
    of encoder: UnsafeMutablePointer<AVCodecContext>
  ) throws -> UnsafeMutablePointer<AVStream> {
    guard let stream = avformat_new_stream(context, nil) else {
      throw MediaError.codec(reason: "out of memory")
    }
    stream.pointee.time_base = encoder.pointee.time_base
    stream.pointee.avg_frame_rate = encoder.pointee.framerate
    try libav({ .codec(reason: $0) }) {
      avcodec_parameters_from_context(stream.pointee.codecpar, encoder)
    }
    return stream
  }

  /// Writes the header; all streams are there.
  func begin() throws { try check { avformat_write_header(context, nil) } }

  /// Takes a packet, to be written in the order of time among the streams.
  func write(_ packet: Packet) throws {
    try check { av_interleaved_write_frame(context, packet.pointer) }
  }

  /// Writes the index; nothing may follow.
  func finish() throws {
    try check { av_write_trailer(context) }
    try check { avio_closep(&context.pointee.pb) }
  }

  private func check(_ call: () -> CInt) throws {
    try libav({ .unwritable(file: self.file, reason: $0) }, call)
  }
}
