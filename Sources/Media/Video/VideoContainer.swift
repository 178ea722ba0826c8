import CFFmpeg
import Foundation

/// Owns one `AVFormatContext`: an open video file, its packets in order, jumps to key frames.
final class VideoContainer {
  /// What is recognised by content. Playlists and lists of files are not here: what they name is
  /// not the user's choice.
  private static let formats =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,asf,flv,mpeg,mpegts,mpegvideo,m4v,h264,hevc,"
    + "ogg,ivf,mxf,nut,gif,dv,obu,av1"

  let file: String
  let stream: UnsafeMutablePointer<AVStream>
  private let context: UnsafeMutablePointer<AVFormatContext>
  private let complaint: String?

  init(_ file: String, limits: VideoLimits) throws {
    self.file = file
    context = try Self.open(file)
    do {
      let failure: (String) -> MediaError = { .notVideo(file: file, reason: $0) }
      let context = context
      try libav(failure) { avformat_find_stream_info(context, nil) }
      // A short file is read to its end here, and what was wrong there is not said again.
      complaint = context.pointee.pb?.pointee.eof_reached == 1 ? LibAVLog.message : nil
      stream = try Self.videoStream(context, file)
    } catch {
      Self.close(context)
      throw error
    }
    discardOthers()
    try refuseAbsurd(limits)
  }

  deinit { Self.close(context) }

  /// Fills `packet` with the next piece of the video; false at the end of the file.
  func read(_ packet: Packet) throws -> Bool {
    LibAVLog.begin()
    while true {
      packet.clear()
      let status = av_read_frame(context, packet.pointer)
      if status == aver_error_end_of_file {
        // Some formats only say so where a file ends early.
        if let complaint = LibAVLog.message ?? complaint { throw broken(complaint) }
        return false
      }
      guard status >= 0 else { throw broken(LibAVLog.message ?? libavText(status)) }
      if packet.pointer.pointee.stream_index == stream.pointee.index { return true }
    }
  }

  /// Goes to a key frame at or before `ticks`; false where the file cannot do that.
  func seek(to ticks: Int64) -> Bool {
    guard isSeekable else { return false }
    LibAVLog.begin()
    return av_seek_frame(context, stream.pointee.index, ticks, AVSEEK_FLAG_BACKWARD) >= 0
  }

  /// The timestamp of the last key frame at or before `ticks`, where the file has an index.
  func keyFrame(before ticks: Int64) -> Int64? {
    let entry = av_index_search_timestamp(stream, ticks, AVSEEK_FLAG_BACKWARD)
    return entry < 0 ? nil : avformat_index_get_entry(stream, entry).map(\.pointee.timestamp)
  }

  /// An error of this file, at no particular time.
  func broken(_ reason: String) -> MediaError {
    .brokenVideo(file: file, seconds: nil, reason: reason)
  }

  private static func open(_ file: String) throws -> UnsafeMutablePointer<AVFormatContext> {
    try requireRegularFile(file)
    var context: UnsafeMutablePointer<AVFormatContext>?
    var options: OpaquePointer?
    defer { av_dict_free(&options) }
    av_dict_set(&options, "format_whitelist", formats, 0)
    av_dict_set(&options, "protocol_whitelist", "file", 0)
    try libav({ .notVideo(file: file, reason: $0) }) {
      // The prefix keeps names such as "concat:…" from being commands.
      avformat_open_input(&context, "file:" + file, nil, &options)
    }
    guard let context else { throw MediaError.notVideo(file: file, reason: "nothing was opened") }
    return context
  }

  private static func close(_ context: UnsafeMutablePointer<AVFormatContext>) {
    var context: UnsafeMutablePointer<AVFormatContext>? = context
    avformat_close_input(&context)
  }

  /// A pipe would wait for a writer, for ever.
  private static func requireRegularFile(_ file: String) throws {
    var status = stat()
    guard stat(file, &status) == 0 else {
      throw MediaError.unreadable(file: file, reason: String(cString: strerror(errno)))
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw MediaError.unreadable(file: file, reason: "not a regular file")
    }
    if status.st_size == 0 { throw MediaError.empty(file: file) }
    guard access(file, R_OK) == 0 else {
      throw MediaError.unreadable(file: file, reason: String(cString: strerror(errno)))
    }
  }

  private static func videoStream(
    _ context: UnsafeMutablePointer<AVFormatContext>, _ file: String
  ) throws -> UnsafeMutablePointer<AVStream> {
    let index = av_find_best_stream(context, AVMEDIA_TYPE_VIDEO, -1, -1, nil, 0)
    guard index >= 0, let stream = context.pointee.streams[Int(index)],
      // The cover of a record is a video stream, too.
      stream.pointee.disposition & AV_DISPOSITION_ATTACHED_PIC == 0
    else { throw MediaError.noVideo(file: file) }
    return stream
  }

  private func discardOthers() {
    for index in 0..<Int(context.pointee.nb_streams) {
      guard let other = context.pointee.streams[index], other != stream else { continue }
      other.pointee.discard = AVDISCARD_ALL
    }
  }
}

extension VideoContainer {
  var averageRate: Double {
    let rates = [stream.pointee.avg_frame_rate, stream.pointee.r_frame_rate]
    let known = rates.filter { $0.num > 0 && $0.den > 0 }.map(av_q2d)
    // The rate of what has none, as FFmpeg takes for raw streams.
    return known.first ?? 25
  }

  var durationSeconds: Double? {
    if stream.pointee.duration > 0 {
      return Double(stream.pointee.duration) * av_q2d(stream.pointee.time_base)
    }
    return context.pointee.duration > 0
      ? Double(context.pointee.duration) / Double(AV_TIME_BASE) : nil
  }

  var frameCount: Int? { stream.pointee.nb_frames > 0 ? Int(stream.pointee.nb_frames) : nil }

  var orientation: VideoOrientation {
    aver_display_matrix(stream).map { VideoOrientation(display: $0) } ?? .upright
  }

  var clock: FrameClock {
    let start = context.pointee.start_time
    return FrameClock(
      secondsPerTick: av_q2d(stream.pointee.time_base),
      // Before 0 lies what codecs need for a start, as for `SoundTrack`.
      startSeconds: start == aver_no_timestamp ? 0 : max(0, Double(start) / Double(AV_TIME_BASE)),
      averageRate: averageRate)
  }

  /// Matroska rounds times to milliseconds: what is annotated at 1/30 s belongs to its frame at
  /// 0.034 s. Coarser ticks are the frames themselves.
  var toleranceSeconds: Double {
    let tick = av_q2d(stream.pointee.time_base)
    return tick <= 0.001 ? tick / 2 + 1e-9 : 1e-6
  }

  /// Raw streams have no times to go to.
  private var isSeekable: Bool {
    context.pointee.iformat.map { $0.pointee.flags & AVFMT_NOTIMESTAMPS == 0 } ?? false
  }

  private func refuseAbsurd(_ limits: VideoLimits) throws {
    if let seconds = durationSeconds, seconds > limits.maximumSeconds {
      throw MediaError.tooLong(file: file, seconds: seconds, limit: limits.maximumSeconds)
    }
    let parameters = stream.pointee.codecpar.pointee
    let (width, height) = (Int(parameters.width), Int(parameters.height))
    if width * height > limits.maximumPixels {
      throw MediaError.tooManyPixels(
        file: file, width: width, height: height, limit: limits.maximumPixels)
    }
  }
}
