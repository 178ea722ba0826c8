import CFFmpeg

/// Makes FFmpeg's decoded frames, of whatever sample type, the mean of their channels.
final class ChannelMixer {
  private let channels: Int
  private let rate: Int
  private let file: String
  private var mixed = UnsafeMutableBufferPointer<Float>.allocate(capacity: 0)
  /// Converts samples to float32, without touching rate or channels; nil until one is needed.
  private var converter: OpaquePointer?
  private var converted = av_frame_alloc()

  /// - Parameters:
  ///   - channels: what every frame has to have.
  ///   - rate: what every frame has to have, in Hz.
  ///   - file: for messages.
  init(channels: Int, rate: Int, file: String) {
    self.channels = channels
    self.rate = rate
    self.file = file
  }

  deinit {
    mixed.deallocate()
    swr_free(&converter)
    av_frame_free(&converted)
  }

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
    let isFloat = frame.pointee.format == AV_SAMPLE_FMT_FLTP.rawValue
    let planes = isFloat ? frame : try convert(frame)
    let count = Int(planes.pointee.nb_samples)
    if count > mixed.count {
      mixed.deallocate()
      mixed = .allocate(capacity: count)
    }
    average(planes, count)
    return UnsafeBufferPointer(rebasing: mixed[..<count])
  }

  private func average(_ frame: UnsafeMutablePointer<AVFrame>, _ count: Int) {
    let scale = 1 / Float(channels)
    let mixed = self.mixed
    for channel in 0..<channels {
      guard let plane = UnsafeRawPointer(frame.pointee.extended_data[channel]) else { continue }
      let samples = plane.assumingMemoryBound(to: Float.self)
      if channel == 0 {
        for index in 0..<count { mixed[index] = samples[index] }
      } else {
        for index in 0..<count { mixed[index] += samples[index] }
      }
    }
    if channels > 1 { for index in 0..<count { mixed[index] *= scale } }
  }

  private func convert(
    _ frame: UnsafeMutablePointer<AVFrame>
  ) throws -> UnsafeMutablePointer<AVFrame> {
    guard let converted else { throw Self.failure }
    av_frame_unref(converted)
    converted.pointee.format = AV_SAMPLE_FMT_FLTP.rawValue
    converted.pointee.sample_rate = frame.pointee.sample_rate
    guard av_channel_layout_copy(&converted.pointee.ch_layout, &frame.pointee.ch_layout) >= 0 else {
      throw Self.failure
    }
    if converter == nil { converter = swr_alloc() }
    // It sets itself up for the first frame; a later one of another kind is refused.
    guard swr_convert_frame(converter, converted, frame) >= 0 else { throw Self.failure }
    return converted
  }

  private static let failure = MediaError.codec(reason: "libswresample cannot convert samples")
}
