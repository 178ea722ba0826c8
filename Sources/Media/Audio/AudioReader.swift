/// Reads recordings of any format as mono float32 at one rate.
///
/// Formats are told apart by content, not by name. libsndfile reads WAV, FLAC, AIFF, AU, CAF and
/// Ogg; FFmpeg reads the rest (MP3, the sound tracks of MP4, WebM and other videos). Channels are
/// averaged. Time 0 is where the file's playback starts: a sound track that starts later than its
/// video begins with silence, so both stay aligned.
///
/// Memory is that of the samples asked for and of a few blocks, whatever the header claims. Each
/// thread has its own reader; it keeps its filters from file to file.
///
/// - Determinism: samples are a function of the file and the range, not of what was read before. A
///   range has the bits of the same part of the whole, except in MP4 and its kin, where a range far
///   from the start is decoded from one second ahead: AAC's noise substitution then draws other
///   noise. FFmpeg's other containers and Ogg are decoded from their start, unless a range follows
///   the one before: random parts of long recordings are quick in WAV, FLAC and MP4.
public final class AudioReader {
  /// What VGGish expects, in Hz.
  public static let speechRate = 16_000
  /// The longest recording that is read at once, unless asked otherwise: four hours.
  public static let defaultLimitSeconds = 14_400.0

  /// Samples a second of what is read, in Hz.
  public let rate: Int

  private var opened: (path: String, source: any SoundSource)?
  private var stream: SoundStream?
  private var resampler: SoundResampler?

  /// - Parameter rate: of what is read, in Hz, within `AudioHeader.rates`.
  public init(rate: Int = AudioReader.speechRate) {
    precondition(AudioHeader.rates.contains(rate))
    self.rate = rate
  }

  /// Opens a recording and reads its header.
  ///
  /// - Throws: `MediaError` naming the file.
  @discardableResult
  public func open(_ path: String) throws -> AudioHeader {
    opened = nil
    stream = nil
    let source = try Self.source(of: RegularFile(path))
    opened = (path, source)
    return source.header
  }

  private static func source(of file: RegularFile) throws -> any SoundSource {
    let start = try file.bytes(at: 0, count: 12)
    if let format = SoundFormat(startOf: start),
      let source = try SoundFileSource(file, format: format)
    {
      return source
    }
    return try SoundTrackSource(file)
  }

  /// Reads the whole recording that was opened last.
  ///
  /// - Parameter limitSeconds: 0 or more.
  /// - Throws: `MediaError`; `soundTooLong` where it has more than `limitSeconds`.
  public func read(limitSeconds: Double = AudioReader.defaultLimitSeconds) throws -> [Float] {
    precondition(limitSeconds >= 0)
    let limit = Int((min(limitSeconds, Self.farthestSeconds) * Double(rate)).rounded())
    // One sample more than the limit tells that there are more.
    let samples = try read(samples: 0..<(limit + 1))
    if samples.count > limit, let opened {
      throw MediaError.soundTooLong(file: opened.path, limitSeconds: limitSeconds)
    }
    return samples
  }

  /// Reads a part of the recording that was opened last.
  ///
  /// - Parameter range: in seconds from the file's time 0 on; both ends are rounded to samples.
  /// - Returns: its samples; fewer where the recording ends before the range does.
  /// - Throws: `MediaError`.
  public func read(seconds range: Range<Double>) throws -> [Float] {
    try read(samples: sampleRange(range))
  }

  /// Reads a part of the recording that was opened last, block by block: for hours of sound.
  ///
  /// - Parameters:
  ///   - range: in seconds from the file's time 0 on; both ends are rounded to samples.
  ///   - use: gets one block of samples after another; they are valid while it runs.
  /// - Throws: `MediaError`, and what `use` throws.
  public func read(
    seconds range: Range<Double>, _ use: (UnsafeBufferPointer<Float>) throws -> Void
  ) throws {
    try read(samples: sampleRange(range), use)
  }

  private func read(samples range: Range<Int>) throws -> [Float] {
    var samples: [Float] = []
    try read(samples: range) { samples.append(contentsOf: $0) }
    return samples
  }

  private func read(
    samples: Range<Int>, _ use: (UnsafeBufferPointer<Float>) throws -> Void
  ) throws {
    let stream = try stream(at: samples.lowerBound)
    // Kept only where all went well: after an error nobody knows where the stream is.
    self.stream = nil
    try withUnsafeTemporaryAllocation(of: Float.self, capacity: 8192) { block in
      while stream.position < samples.upperBound {
        let wanted = min(block.count, samples.upperBound - stream.position)
        let part = UnsafeMutableBufferPointer(rebasing: block[..<wanted])
        let count = try stream.read(into: part)
        try use(UnsafeBufferPointer(rebasing: part[..<count]))
        if count < wanted { break }
      }
    }
    self.stream = stream
  }

  private func sampleRange(_ range: Range<Double>) throws -> Range<Int> {
    guard let opened else { throw MediaError.codec(reason: "read called before open") }
    guard (0..<Self.farthestSeconds).contains(range.lowerBound) else {
      throw MediaError.soundRange(
        file: opened.path, lower: range.lowerBound, upper: range.upperBound)
    }
    let upper = min(range.upperBound, Self.farthestSeconds)
    let samples = [range.lowerBound, upper].map { Int(($0 * Double(rate)).rounded()) }
    return samples[0]..<samples[1]
  }

  /// Thirty years: keeps sample numbers far from overflow.
  private static let farthestSeconds = 1e9

  private func stream(at start: Int) throws -> SoundStream {
    guard let opened else { throw MediaError.codec(reason: "read called before open") }
    if let stream, stream.position == start, opened.source.seeksExactly { return stream }
    return try SoundStream(
      opened.source, resampler: try resampler(from: opened.source.header.rate), from: start,
      file: opened.path)
  }

  private func resampler(from inputRate: Int) throws -> SoundResampler? {
    if inputRate == rate { return nil }
    if let resampler, resampler.inputRate == inputRate { return resampler }
    let fresh = try SoundResampler(from: inputRate, to: rate)
    resampler = fresh
    return fresh
  }
}
