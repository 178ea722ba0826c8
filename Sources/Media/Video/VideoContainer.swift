import CFFmpeg

/// An open video file: its packets in order, jumps to key frames.
final class VideoContainer {
  /// What is recognised by content.
  private static let formats =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,asf,flv,mpeg,mpegts,mpegvideo,m4v,h264,hevc,"
    + "ogg,ivf,mxf,nut,gif,dv,obu,av1"

  let file: String
  let stream: UnsafeMutablePointer<AVStream>
  private let demuxer: Demuxer
  private var context: UnsafeMutablePointer<AVFormatContext> { demuxer.context }

  init(_ file: String, limits: VideoLimits) throws {
    self.file = file
    _ = try RegularFile(file)
    demuxer = try Demuxer(file, formats: Self.formats) { .notVideo(file: file, reason: $0) }
    guard let stream = demuxer.select(AVMEDIA_TYPE_VIDEO),
      // The cover of a record is a video stream, too.
      stream.pointee.disposition & AV_DISPOSITION_ATTACHED_PIC == 0
    else { throw MediaError.noVideo(file: file) }
    self.stream = stream
    try refuseAbsurd(limits)
  }

  /// Fills `packet` with the next piece of the video; false at the end of the file.
  func read(_ packet: Packet) throws -> Bool {
    if try demuxer.read(packet, failure: broken) { return true }
    // Some formats only say so where a file ends early.
    if let complaint = LibAVLog.message ?? demuxer.complaint { throw broken(complaint) }
    return false
  }

  /// Goes to a key frame at or before `ticks`; false where the file cannot do that.
  func seek(to ticks: Int64) -> Bool {
    isSeekable
      && demuxer.go {
        av_seek_frame(context, stream.pointee.index, ticks, AVSEEK_FLAG_BACKWARD)
      }
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
}

extension VideoContainer {
  var averageRate: Double {
    let rates = [stream.pointee.avg_frame_rate, stream.pointee.r_frame_rate]
    let known = rates.filter { $0.num > 0 && $0.den > 0 }.map(av_q2d)
    // A lying index makes frames last for days. 25 is what FFmpeg takes for raw streams.
    return known.first { (0.001...100_000).contains($0) } ?? 25
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
