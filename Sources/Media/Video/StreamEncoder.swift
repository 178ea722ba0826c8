import CFFmpeg

/// Owns one `AVCodecContext` that encodes one stream of a file.
final class StreamEncoder {
  let context: UnsafeMutablePointer<AVCodecContext>
  private let movie: MovieFile
  private let packet: Packet
  private var stream: UnsafeMutablePointer<AVStream>?

  /// The first codec of `names` that this FFmpeg has.
  init(_ names: [String], for movie: MovieFile) throws {
    guard let codec = Self.first(of: names).flatMap({ avcodec_find_encoder_by_name($0) }),
      let context = avcodec_alloc_context3(codec)
    else {
      throw MediaError.codec(
        reason: "this FFmpeg cannot encode: none of \(names.joined(separator: ", ")) is there")
    }
    self.context = context
    self.movie = movie
    packet = try Packet()
    // More threads would cut the picture into other slices: other bytes.
    context.pointee.thread_count = 1
    context.pointee.flags |= AV_CODEC_FLAG_BITEXACT
    if movie.wantsGlobalHeader { context.pointee.flags |= AV_CODEC_FLAG_GLOBAL_HEADER }
  }

  deinit {
    var context: UnsafeMutablePointer<AVCodecContext>? = context
    avcodec_free_context(&context)
  }

  /// The first of `names` by which FFmpeg can encode, nil where it knows none.
  static func first(of names: [String]) -> String? {
    names.first { avcodec_find_encoder_by_name($0) != nil }
  }

  /// FFmpeg's name of what encodes.
  var name: String { context.pointee.codec.map { String(cString: $0.pointee.name) } ?? "" }

  /// Opens the encoder, whose fields are set, and adds its stream to the file.
  ///
  /// - Parameter options: private to the codec.
  func open(_ options: [(name: String, value: String)] = []) throws {
    var dictionary: OpaquePointer?
    defer { av_dict_free(&dictionary) }
    for option in options { av_dict_set(&dictionary, option.name, option.value, 0) }
    try libav({ .codec(reason: $0) }) { avcodec_open2(context, nil, &dictionary) }
    stream = try movie.addStream(of: context)
  }

  /// Encodes a frame, nil at the end, and writes what comes out.
  func encode(_ frame: Frame?) throws {
    try libav({ .codec(reason: $0) }) { avcodec_send_frame(context, frame?.pointer) }
    guard let stream else { throw MediaError.codec(reason: "encode called before open") }
    while true {
      let status = avcodec_receive_packet(context, packet.pointer)
      if status == aver_error_again || status == aver_error_end_of_file { return }
      try libav({ .codec(reason: $0) }) { status }
      av_packet_rescale_ts(packet.pointer, context.pointee.time_base, stream.pointee.time_base)
      packet.pointer.pointee.stream_index = stream.pointee.index
      try movie.write(packet)
    }
  }
}
