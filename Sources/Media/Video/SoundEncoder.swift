import CFFmpeg

/// Encodes the sound of a video: AAC, or 16-bit PCM where FFmpeg has no AAC.
final class SoundEncoder {
  private let encoder: StreamEncoder
  private let channels: Int
  private let rate: Int
  private let frame: Frame
  /// Interleaved samples that do not fill a frame of the codec yet.
  private var waiting: [Float] = []
  private var sampleCount: Int64 = 0

  /// - Parameter names: FFmpeg's, best first, of `aac` and `pcm_s16le`.
  init(_ names: [String], rate: Int, channels: Int, for movie: MovieFile) throws {
    guard (8000...96000).contains(rate), (1...8).contains(channels) else {
      throw MediaError.codec(
        reason: "sound of \(rate) Hz and \(channels) channels: 8000 to 96000 Hz, 1 to 8 channels")
    }
    (self.rate, self.channels) = (rate, channels)
    encoder = try StreamEncoder(names, for: movie)
    frame = try Frame()
  }

  /// Starts the encoder and adds its stream to the file.
  func open() throws {
    let context = encoder.context
    context.pointee.sample_rate = CInt(rate)
    context.pointee.time_base = AVRational(num: 1, den: CInt(rate))
    context.pointee.sample_fmt = isAAC ? AV_SAMPLE_FMT_FLTP : AV_SAMPLE_FMT_S16
    context.pointee.bit_rate = 64_000 * Int64(channels)
    av_channel_layout_default(&context.pointee.ch_layout, CInt(channels))
    try encoder.open()
  }

  func append(_ samples: UnsafeBufferPointer<Float>) throws {
    guard samples.count % channels == 0 else {
      throw MediaError.codec(reason: "\(samples.count) samples for \(channels) channels")
    }
    waiting.append(contentsOf: samples)
    let length = frameLength * channels
    var start = 0
    while waiting.count - start >= length {
      try encode(waiting[start..<(start + length)])
      start += length
    }
    waiting.removeFirst(start)
  }

  /// Encodes the shorter last frame and what the encoder holds back.
  func finish() throws {
    if !waiting.isEmpty { try encode(waiting[...]) }
    waiting = []
    try encoder.encode(nil)
  }

  private var isAAC: Bool { encoder.name == "aac" }

  /// Samples of each channel in a frame; PCM takes any number.
  private var frameLength: Int { isAAC ? Int(encoder.context.pointee.frame_size) : 1024 }

  private func encode(_ samples: ArraySlice<Float>) throws {
    av_frame_unref(frame.pointer)
    frame.pointer.pointee.format = encoder.context.pointee.sample_fmt.rawValue
    frame.pointer.pointee.sample_rate = CInt(rate)
    frame.pointer.pointee.nb_samples = CInt(samples.count / channels)
    av_channel_layout_default(&frame.pointer.pointee.ch_layout, CInt(channels))
    try libav({ .codec(reason: $0) }) { av_frame_get_buffer(frame.pointer, 0) }
    if isAAC { fillPlanes(samples) } else { fillWords(samples) }
    frame.pointer.pointee.pts = sampleCount
    sampleCount += Int64(samples.count / channels)
    try encoder.encode(frame)
  }

  /// A plane a channel, as AAC takes them.
  private func fillPlanes(_ samples: ArraySlice<Float>) {
    let count = samples.count / channels
    for channel in 0..<channels {
      guard let plane = frame.pointer.pointee.extended_data[channel] else { continue }
      plane.withMemoryRebound(to: Float.self, capacity: count) { target in
        for index in 0..<count {
          target[index] = samples[samples.startIndex + channels * index + channel]
        }
      }
    }
  }

  private func fillWords(_ samples: ArraySlice<Float>) {
    guard let plane = frame.pointer.pointee.extended_data[0] else { return }
    plane.withMemoryRebound(to: Int16.self, capacity: samples.count) { target in
      for (index, sample) in samples.enumerated() {
        target[index] = Int16((max(-1, min(1, sample)) * 32767).rounded())
      }
    }
  }
}
