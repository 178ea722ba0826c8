import CFFmpeg

/// Owns one `AVCodecContext` that decodes the frames of a video in the order of time.
final class VideoDecoder {
  private let context: UnsafeMutablePointer<AVCodecContext>
  private let container: VideoContainer
  private let packet: Packet
  private let maximumSeconds: Double
  private var clock: FrameClock
  private var isDraining = false

  init(_ container: VideoContainer, limits: VideoLimits) throws {
    let parameters = container.stream.pointee.codecpar
    guard let parameters, let codec = avcodec_find_decoder(parameters.pointee.codec_id),
      let context = avcodec_alloc_context3(codec)
    else {
      let name = avcodec_get_name(parameters?.pointee.codec_id ?? AV_CODEC_ID_NONE)
      throw MediaError.unsupportedCodec(
        file: container.file, codec: name.map { String(cString: $0) } ?? "unknown")
    }
    self.context = context
    self.container = container
    packet = try Packet()
    maximumSeconds = limits.maximumSeconds
    clock = container.clock
    try container.check { avcodec_parameters_to_context(context, parameters) }
    // More threads would find damage in other frames, and make up other pictures for it.
    context.pointee.thread_count = 1
    context.pointee.max_pixels = Int64(limits.maximumPixels)
    context.pointee.pkt_timebase = container.stream.pointee.time_base
    context.pointee.flags |= AV_CODEC_FLAG_BITEXACT
    try container.check { avcodec_open2(context, codec, nil) }
  }

  deinit {
    var context: UnsafeMutablePointer<AVCodecContext>? = context
    avcodec_free_context(&context)
  }

  /// Decodes the next frame.
  ///
  /// - Returns: its time in seconds, nil at the end of the file.
  /// - Throws: `MediaError` where the file is damaged; what the decoder made up is never returned.
  func next(into frame: Frame) throws -> Double? {
    LibAVLog.begin()
    while true {
      let status = avcodec_receive_frame(context, frame.pointer)
      if status == aver_error_end_of_file { return nil }
      if status == aver_error_again {
        try feed()
        continue
      }
      guard status >= 0 else { throw damaged(status) }
      let seconds = clock.next(presentation: frame.pointer.pointee.pts)
      if frame.isDamaged { throw damaged(aver_error_invalid_data, seconds: seconds) }
      guard seconds <= maximumSeconds else {
        throw MediaError.tooLong(file: container.file, seconds: seconds, limit: maximumSeconds)
      }
      return seconds
    }
  }

  /// Jumps to a key frame that is shown at or before `seconds`, as far as the file knows; false
  /// where it cannot.
  func seek(to seconds: Double) -> Bool {
    guard container.seek(to: clock.ticks(seconds)) else { return false }
    avcodec_flush_buffers(context)
    isDraining = false
    clock.restart()
    return true
  }

  /// When the last key frame at or before `seconds` is decoded, where the file has an index.
  func keyFrame(before seconds: Double) -> Double? {
    container.keyFrame(before: clock.ticks(seconds)).map { clock.seconds($0) }
  }

  private func feed() throws {
    guard try !isDraining && container.read(packet) else {
      isDraining = true
      avcodec_send_packet(context, nil)
      return
    }
    let content = packet.pointer.pointee
    if content.flags & AV_PKT_FLAG_CORRUPT != 0 {
      throw damaged(
        aver_error_invalid_data, seconds: secondsOfPacket, reason: "the file is cut off")
    }
    clock.note(presentation: content.pts, decoding: content.dts)
    let status = avcodec_send_packet(context, packet.pointer)
    guard status >= 0 else { throw damaged(status, seconds: secondsOfPacket) }
  }

  private var secondsOfPacket: Double? {
    let content = packet.pointer.pointee
    let ticks = content.pts == aver_no_timestamp ? content.dts : content.pts
    return ticks == aver_no_timestamp ? nil : clock.seconds(ticks)
  }

  private func damaged(
    _ status: CInt, seconds: Double? = nil, reason: String? = nil
  ) -> MediaError {
    .brokenVideo(
      file: container.file, seconds: seconds,
      reason: reason ?? LibAVLog.message ?? libavText(status))
  }
}

extension VideoContainer {
  /// Runs a call that sets a decoder up.
  fileprivate func check(_ call: () -> CInt) throws { try libav({ broken($0) }, call) }
}
