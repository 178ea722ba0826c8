import CFFmpeg

/// Makes FFmpeg's decoded frames, of whatever sample type, the mean of their channels.
///
/// libswresample could do it, but refuses channels that the file does not name, and keeps state.
final class ChannelMixer {
  private let channels: Int
  private let rate: Int
  private let file: String
  private var mixed = UnsafeMutableBufferPointer<Float>.allocate(capacity: 0)

  /// - Parameters:
  ///   - channels: what every frame has to have.
  ///   - rate: what every frame has to have, in Hz.
  ///   - file: for messages.
  init(channels: Int, rate: Int, file: String) {
    self.channels = channels
    self.rate = rate
    self.file = file
  }

  deinit { mixed.deallocate() }

  /// - Returns: the mean over the channels, valid until the next call.
  /// - Throws: `MediaError.brokenSound` where rate or channels changed.
  func mix(_ frame: UnsafeMutablePointer<AVFrame>) throws -> UnsafeBufferPointer<Float> {
    let frameChannels = Int(frame.pointee.ch_layout.nb_channels)
    guard frameChannels == channels, Int(frame.pointee.sample_rate) == rate else {
      throw MediaError.brokenSound(
        file: file,
        reason:
          "changes from \(rate) Hz and \(channels) channels to \(frame.pointee.sample_rate) Hz "
          + "and \(frameChannels)")
    }
    let count = Int(frame.pointee.nb_samples)
    if count > mixed.count {
      mixed.deallocate()
      mixed = .allocate(capacity: count)
    }
    let sum = UnsafeMutableBufferPointer(rebasing: mixed[..<count])
    sum.update(repeating: 0)
    for channel in 0..<channels { try add(channel, of: frame, to: sum) }
    if channels > 1 {
      let scale = 1 / Float(channels)
      for index in 0..<count { sum[index] *= scale }
    }
    return UnsafeBufferPointer(sum)
  }

  private func add(
    _ channel: Int, of frame: UnsafeMutablePointer<AVFrame>,
    to sum: UnsafeMutableBufferPointer<Float>
  ) throws {
    let format = AVSampleFormat(rawValue: frame.pointee.format)
    let isPlanar = av_sample_fmt_is_planar(format) != 0
    guard let plane = UnsafeRawPointer(frame.pointee.extended_data[isPlanar ? channel : 0]) else {
      throw MediaError.brokenSound(file: file, reason: "channel \(channel) has no samples")
    }
    let samples = SampleLane(
      plane: plane, first: isPlanar ? 0 : channel, stride: isPlanar ? 1 : channels)
    switch av_get_packed_sample_fmt(format) {
    case AV_SAMPLE_FMT_U8: samples.add(to: sum) { (sample: UInt8) in Float(sample) / 128 - 1 }
    case AV_SAMPLE_FMT_S16: samples.add(to: sum) { (sample: Int16) in Float(sample) * 0x1p-15 }
    case AV_SAMPLE_FMT_S32: samples.add(to: sum) { (sample: Int32) in Float(sample) * 0x1p-31 }
    case AV_SAMPLE_FMT_S64: samples.add(to: sum) { (sample: Int64) in Float(sample) * 0x1p-63 }
    case AV_SAMPLE_FMT_FLT: samples.add(to: sum) { (sample: Float) in sample }
    case AV_SAMPLE_FMT_DBL: samples.add(to: sum) { (sample: Double) in Float(sample) }
    default: throw MediaError.brokenSound(file: file, reason: "samples of no known type")
    }
  }
}

/// The samples of one channel where a decoder left them.
private struct SampleLane {
  var plane: UnsafeRawPointer
  var first: Int
  var stride: Int

  @inline(__always)
  func add<Sample>(
    to sum: UnsafeMutableBufferPointer<Float>, _ float: (Sample) -> Float
  ) {
    let samples = plane.assumingMemoryBound(to: Sample.self) + first
    for index in 0..<sum.count { sum[index] += float(samples[index * stride]) }
  }
}
