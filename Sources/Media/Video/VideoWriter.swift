import CFFmpeg

/// Writes a video of a fixed rate, with sound where wanted, into an MP4 file.
///
/// H.264 by libx264, MPEG-4 Part 2 where FFmpeg was built without it; AAC, or PCM in the same way.
/// One thread encodes, and nothing but the input enters the file: the same calls give the same bytes
/// with the same libraries. Used by one thread at a time.
public final class VideoWriter {
  /// What a file is to have.
  public struct Settings: Sendable {
    /// Width and height in pixels, both even: two pixels share their chroma.
    public var size: ImageSize
    /// Frames in `rateSeconds` seconds.
    public var rateFrames = 25
    /// See `rateFrames`; 1001 for the rates of NTSC.
    public var rateSeconds = 1
    /// Quantiser of the picture, x264's constant rate factor: 0 is without loss, 51 the worst.
    public var quantiser = 20
    /// Samples a second of the sound, nil for none.
    public var soundRate: Int?
    /// Channels of the sound, whose samples are interleaved.
    public var soundChannels = 1

    /// 25 frames a second of `size`, without sound.
    public init(size: ImageSize) { self.size = size }
  }

  /// FFmpeg's names of the encoders that may be used, best first.
  struct Encoders {
    var pictures = ["libx264", "mpeg4"]
    var sound = ["aac", "pcm_s16le"]
  }

  private let settings: Settings
  private let movie: MovieFile
  private let pictures: StreamEncoder
  private let sound: SoundEncoder?
  private let frame: Frame
  private let scaler = PictureScaler()
  private var frameCount: Int64 = 0

  /// Creates the file, replacing what is there; it can be read after `finish`.
  ///
  /// - Throws: `MediaError.unwritable`, `MediaError.codec`.
  public convenience init(_ file: String, _ settings: Settings) throws {
    try self.init(file, settings, encoders: Encoders())
  }

  init(_ file: String, _ settings: Settings, encoders: Encoders) throws {
    self.settings = settings
    try Self.requireEncodable(settings)
    // MP4 carries PCM since FFmpeg 6.1 alone; QuickTime always did, and differs little else.
    let hasPCM = settings.soundRate != nil && StreamEncoder.first(of: encoders.sound) != "aac"
    let movie = try MovieFile(file, format: hasPCM ? "mov" : "mp4")
    self.movie = movie
    frame = try Frame()
    pictures = try StreamEncoder(encoders.pictures, for: movie)
    sound = try settings.soundRate.map {
      try SoundEncoder(
        encoders.sound, rate: $0, channels: settings.soundChannels, for: movie)
    }
    try openPictures()
    try sound?.open()
    try prepareFrame()
    try movie.begin()
  }

  /// Adds the next frame, of the size that the settings name.
  ///
  /// - Throws: `MediaError.codec`, `MediaError.unwritable`.
  public func append(_ pixels: PixelBuffer) throws {
    let size = ImageSize(width: pixels.width, height: pixels.height)
    guard size == settings.size else {
      throw MediaError.codec(
        reason: "a frame of \(size.width)x\(size.height) in a video of another size")
    }
    try libav({ .codec(reason: $0) }) { av_frame_make_writable(frame.pointer) }
    try scaler.convert(pixels, into: frame)
    frame.pointer.pointee.pts = frameCount
    frameCount += 1
    try pictures.encode(frame)
  }

  /// Adds sound behind what was added before.
  ///
  /// - Parameter samples: −1 to 1, channels interleaved, whole groups of them.
  /// - Throws: `MediaError.codec`, `MediaError.unwritable`.
  public func append(samples: UnsafeBufferPointer<Float>) throws {
    guard let sound else { throw MediaError.codec(reason: "sound for a video without any") }
    try sound.append(samples)
  }

  /// Writes what encoders hold back and the index.
  ///
  /// - Throws: `MediaError.codec`, `MediaError.unwritable`.
  public func finish() throws {
    guard frameCount > 0 else { throw MediaError.codec(reason: "a video without frames") }
    try pictures.encode(nil)
    try sound?.finish()
    try movie.finish()
  }

  private static func requireEncodable(_ settings: Settings) throws {
    let (width, height) = (settings.size.width, settings.size.height)
    guard width > 0, height > 0, width % 2 == 0, height % 2 == 0, width <= 16384, height <= 16384
    else {
      throw MediaError.codec(
        reason: "a video of \(width)x\(height): both must be even, 2 to 16384")
    }
    guard settings.rateFrames > 0, settings.rateSeconds > 0, settings.rateFrames <= 1 << 20,
      settings.rateSeconds <= 1 << 20, (0...51).contains(settings.quantiser)
    else { throw MediaError.codec(reason: "a rate that is not positive, or quantiser not 0 to 51") }
  }

  private func openPictures() throws {
    let rate = AVRational(num: CInt(settings.rateFrames), den: CInt(settings.rateSeconds))
    let context = pictures.context
    context.pointee.width = CInt(settings.size.width)
    context.pointee.height = CInt(settings.size.height)
    context.pointee.framerate = rate
    context.pointee.time_base = AVRational(num: rate.den, den: rate.num)
    context.pointee.pix_fmt = AV_PIX_FMT_YUV420P
    context.pointee.colorspace = AVCOL_SPC_SMPTE170M
    context.pointee.color_range = AVCOL_RANGE_MPEG
    guard pictures.name == "libx264" else {
      // Quantisers of 2 to 31, constant.
      context.pointee.flags |= AV_CODEC_FLAG_QSCALE
      context.pointee.global_quality = FF_QP2LAMBDA * CInt(max(2, settings.quantiser * 31 / 51))
      return try pictures.open()
    }
    // Without the last one x264 takes other ways on other processors, and on those with AVX-512 its
    // macroblock tree gives other bytes for the same pictures now and then (1 run of 12 in version 164).
    try pictures.open([
      ("crf", "\(settings.quantiser)"), ("preset", "veryfast"),
      ("x264-params", "cpu-independent=1"),
    ])
  }

  private func prepareFrame() throws {
    let context = pictures.context.pointee
    frame.pointer.pointee.format = context.pix_fmt.rawValue
    frame.pointer.pointee.width = context.width
    frame.pointer.pointee.height = context.height
    frame.pointer.pointee.colorspace = context.colorspace
    frame.pointer.pointee.color_range = context.color_range
    // Encoders of constant quantisers read it from each frame.
    frame.pointer.pointee.quality = context.global_quality
    try libav({ .codec(reason: $0) }) { av_frame_get_buffer(frame.pointer, 0) }
  }
}
