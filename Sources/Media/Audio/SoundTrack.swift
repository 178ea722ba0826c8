import CFFmpeg

/// Decodes one file's sound track; gives its samples as they come.
final class SoundTrack {
  /// What may be opened as a file with sound.
  private static let containers =
    "aac,ac3,aiff,amr,ape,asf,avi,eac3,flac,flv,matroska,mov,mp3,mpeg,mpegts,ogg,tta,w64,wav,wv"

  let header: AudioHeader
  /// Whether the container finds a moment and says exactly which: MP4 and its kin.
  let findsMoments: Bool
  /// Whether `header.frames` speaks of this track alone, and is no guess.
  let claimIsFirm: Bool

  private let path: String
  private let demuxer: Demuxer
  private var decoder: CodecContext
  private let packet: Packet
  private let frame: Frame
  private let stream: UnsafeMutablePointer<AVStream>
  /// Where the file's playback starts, as a sample of this track.
  private let origin: Int
  private let mixer: ChannelMixer

  /// - Throws: `MediaError.unknownSound`, `noSoundTrack`, `brokenSound`.
  init(_ file: RegularFile) throws {
    path = file.path
    packet = try Packet()
    frame = try Frame()
    let start = try file.bytes(at: 0, count: 4)
    demuxer = try Demuxer(path, formats: Self.containers) { reason in
      .unknownSound(file: file.path, firstBytes: start, reason: reason)
    }
    guard let stream = demuxer.select(AVMEDIA_TYPE_AUDIO) else {
      throw MediaError.noSoundTrack(file: path)
    }
    self.stream = stream
    decoder = try Self.openDecoder(stream, path)
    header = try Self.header(demuxer, stream, decoder, path)
    mixer = ChannelMixer(channels: header.channels, rate: header.rate, file: path)
    origin = Self.origin(demuxer, rate: header.rate)
    findsMoments =
      header.format.hasPrefix("mov,")
      && Int(stream.pointee.time_base.den) >= header.rate * Int(stream.pointee.time_base.num)
    // A fragmented MP4 does not count its packets, and claims whatever its first fragment does.
    let isMeasured =
      demuxer.context.pointee.duration_estimation_method == AVFMT_DURATION_FROM_STREAM
    let isCounted = findsMoments && stream.pointee.nb_frames > 0
    claimIsFirm = isMeasured && (isCounted || !findsMoments && demuxer.streams.count == 1)
  }

  /// Makes what is decoded next start at `frame` or before it.
  func jump(to frame: Int) throws {
    let sample = AVRational(num: 1, den: Int32(header.rate))
    let time = av_rescale_q(Int64(frame + origin), sample, stream.pointee.time_base)
    let isThere = demuxer.go {
      avformat_seek_file(demuxer.context, stream.pointee.index, .min, time, time, 0)
    }
    guard isThere else {
      throw MediaError.brokenSound(file: path, reason: "cannot go to a moment")
    }
    // A fresh decoder: flushing leaves the state of AAC's noise, which would tell what was read
    // before.
    decoder = try Self.openDecoder(stream, path)
  }

  /// Decodes on.
  ///
  /// - Returns: some samples, valid until the next call, and which sample of the track the first
  ///   is, where the file says so; nil at the end.
  func decode() throws -> (samples: UnsafeBufferPointer<Float>, start: Int?)? {
    while true {
      let status = avcodec_receive_frame(decoder.pointer, frame.pointer)
      if status == aver_error_end_of_file { return nil }
      if status == 0 { return (try mixer.mix(frame.pointer), start(of: frame.pointer)) }
      guard status == aver_error_again else { throw broken("cannot be decoded", status) }
      try sendPacket()
    }
  }

  private func sendPacket() throws {
    defer { packet.clear() }
    let path = path
    let hasMore = try demuxer.read(packet) {
      .brokenSound(file: path, reason: "cannot be read: \($0)")
    }
    guard hasMore else {
      avcodec_send_packet(decoder.pointer, nil)
      return
    }
    if packet.pointer.pointee.flags & AV_PKT_FLAG_CORRUPT != 0 {
      throw MediaError.brokenSound(file: path, reason: "a packet of sound is not whole")
    }
    let status = avcodec_send_packet(decoder.pointer, packet.pointer)
    guard status >= 0 else { throw broken("cannot be decoded", status) }
  }

  private func start(of frame: UnsafeMutablePointer<AVFrame>) -> Int? {
    Self.sample(frame.pointee.best_effort_timestamp, stream.pointee.time_base, header.rate)
      .map { $0 - origin }
  }

  private func broken(_ what: String, _ status: Int32) -> MediaError {
    .brokenSound(file: path, reason: "\(what): \(libavText(status))")
  }
}

extension SoundTrack {
  private static func openDecoder(
    _ stream: UnsafeMutablePointer<AVStream>, _ path: String
  ) throws -> CodecContext {
    let identifier = stream.pointee.codecpar.pointee.codec_id
    guard let codec = avcodec_find_decoder(identifier) else {
      let name = String(cString: avcodec_get_name(identifier))
      throw MediaError.brokenSound(file: path, reason: "FFmpeg has no decoder for \(name)")
    }
    let decoder = try CodecContext(codec)
    try libav({ .brokenSound(file: path, reason: "no decoder can start: \($0)") }) {
      let status = avcodec_parameters_to_context(decoder.pointer, stream.pointee.codecpar)
      decoder.pointer.pointee.pkt_timebase = stream.pointee.time_base
      decoder.pointer.pointee.thread_count = 1
      return status < 0 ? status : avcodec_open2(decoder.pointer, codec, nil)
    }
    return decoder
  }

  private static func header(
    _ demuxer: Demuxer, _ stream: UnsafeMutablePointer<AVStream>, _ decoder: CodecContext,
    _ path: String
  ) throws -> AudioHeader {
    let parameters = stream.pointee.codecpar.pointee
    var header = AudioHeader(
      format: demuxer.format,
      rate: Int(decoder.pointer.pointee.sample_rate),
      channels: Int(decoder.pointer.pointee.ch_layout.nb_channels), frames: nil)
    if parameters.sample_rate > 0 { header.rate = Int(parameters.sample_rate) }
    try header.validate(file: path)
    if demuxer.context.pointee.duration_estimation_method != AVFMT_DURATION_FROM_BITRATE {
      header.frames = claimedFrames(demuxer, stream, rate: header.rate)
    }
    return header
  }

  private static func claimedFrames(
    _ demuxer: Demuxer, _ stream: UnsafeMutablePointer<AVStream>, rate: Int
  ) -> Int? {
    let timeBase = stream.pointee.time_base
    if let length = sample(stream.pointee.duration, timeBase, rate) {
      let start = sample(stream.pointee.start_time, timeBase, rate) ?? 0
      return max(0, start + length - origin(demuxer, rate: rate))
    }
    return sample(demuxer.context.pointee.duration, AVRational(num: 1, den: AV_TIME_BASE), rate)
  }

  /// The earliest start of anything that is seen or heard.
  ///
  /// Not below 0: before it lies what codecs need for a start, not sound.
  private static func origin(_ demuxer: Demuxer, rate: Int) -> Int {
    let starts = demuxer.streams.compactMap { stream -> Int? in
      let isSeen =
        stream.pointee.codecpar.pointee.codec_type == AVMEDIA_TYPE_VIDEO
        && stream.pointee.disposition & AV_DISPOSITION_ATTACHED_PIC == 0
      let isHeard = stream.pointee.codecpar.pointee.codec_type == AVMEDIA_TYPE_AUDIO
      guard isSeen || isHeard else { return nil }
      return sample(stream.pointee.start_time, stream.pointee.time_base, rate)
    }
    return max(0, starts.min() ?? 0)
  }

  /// A time stamp in samples; nil where there is none, or one that no recording has.
  private static func sample(_ time: Int64, _ timeBase: AVRational, _ rate: Int) -> Int? {
    guard time != aver_no_timestamp, timeBase.num > 0, timeBase.den > 0 else { return nil }
    let sample = av_rescale_q(time, timeBase, AVRational(num: 1, den: Int32(rate)))
    return abs(Double(sample)) < 0x1p50 ? Int(sample) : nil
  }
}
