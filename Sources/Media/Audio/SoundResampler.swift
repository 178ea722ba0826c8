import CFFmpeg

/// Owns one libswresample converter from one rate to another, mono float32.
///
/// The settings are written out, so that no build of FFmpeg chooses others: its own resampler (soxr
/// is not in every build), a Kaiser window of β 9 over 256 samples of the lower rate, half its
/// height at 0.97 of the lower Nyquist frequency. From 48 to 16 kHz this is flat to 7.5 kHz, where
/// VGGish's last band ends, and 90 dB down at 8 kHz, where aliasing begins. Filters are exact for
/// ratios of which the output's term is at most 1024; others interpolate between 1024 filters.
///
/// As it is used here, sound is silent before its start and after its end, and the sample at output
/// time t depends on nothing but the samples around t: ranges have the bits of the whole.
final class SoundResampler {
  private static let filterSamples = 256
  private static let cutoff = 0.97
  private static let kaiserBeta: Int64 = 9
  private static let phaseBits: Int64 = 10

  let inputRate: Int
  let outputRate: Int
  /// The two rates without their common factor: this many input samples last as long as …
  let inputPeriod: Int
  /// … this many output samples.
  let outputPeriod: Int
  /// How many input samples, at most, one output sample is computed from.
  let span: Int
  private var context: OpaquePointer?

  /// - Throws: `MediaError.codec`.
  init(from inputRate: Int, to outputRate: Int) throws {
    self.inputRate = inputRate
    self.outputRate = outputRate
    var (divisor, rest) = (inputRate, outputRate)
    while rest != 0 { (divisor, rest) = (rest, divisor % rest) }
    inputPeriod = inputRate / divisor
    outputPeriod = outputRate / divisor
    let widening = max(1, Double(inputRate) / Double(outputRate)) / Self.cutoff
    span = Int((Double(Self.filterSamples) * widening).rounded(.up)) + 16
    try configure()
  }

  deinit { swr_free(&context) }

  private func configure() throws {
    var mono = AVChannelLayout()
    av_channel_layout_default(&mono, 1)
    let status = withUnsafeMutablePointer(to: &mono) {
      swr_alloc_set_opts2(
        &context, $0, AV_SAMPLE_FMT_FLT, Int32(outputRate), $0, AV_SAMPLE_FMT_FLT,
        Int32(inputRate), 0, nil)
    }
    guard status >= 0, let context else { throw Self.failure }
    let object = UnsafeMutableRawPointer(context)
    let settings: [(String, Int64)] = [
      ("resampler", Int64(SWR_ENGINE_SWR.rawValue)), ("filter_size", Int64(Self.filterSamples)),
      ("phase_shift", Self.phaseBits), ("exact_rational", 1), ("linear_interp", 1),
      ("filter_type", Int64(SWR_FILTER_TYPE_KAISER.rawValue)), ("kaiser_beta", Self.kaiserBeta),
      ("internal_sample_fmt", Int64(AV_SAMPLE_FMT_FLTP.rawValue)),
    ]
    for (name, value) in settings where av_opt_set_int(object, name, value, 0) < 0 {
      throw Self.failure
    }
    guard av_opt_set_double(object, "cutoff", Self.cutoff, 0) >= 0 else { throw Self.failure }
  }

  /// Forgets what was put in; the next input sample is at output time 0.
  func restart() throws {
    guard swr_init(context) >= 0 else { throw Self.failure }
  }

  /// Room that `convert` needs for the results of `count` samples.
  func capacity(for count: Int) throws -> Int {
    let samples = swr_get_out_samples(context, Int32(count))
    guard samples >= 0 else { throw Self.failure }
    return Int(samples)
  }

  /// Takes `input`, and gives the samples that are computed from it and what came before.
  ///
  /// - Returns: how many samples `output` has got.
  func convert(
    _ input: UnsafeMutableBufferPointer<Float>, into output: UnsafeMutableBufferPointer<Float>
  ) throws -> Int {
    var source = UnsafeRawPointer(input.baseAddress)?.assumingMemoryBound(to: UInt8.self)
    var target = UnsafeMutableRawPointer(output.baseAddress)?.assumingMemoryBound(to: UInt8.self)
    let made = withUnsafeMutablePointer(to: &source) { source in
      swr_convert(context, &target, Int32(output.count), source, Int32(input.count))
    }
    guard made >= 0 else { throw Self.failure }
    return Int(made)
  }

  private static let failure = MediaError.codec(reason: "libswresample cannot convert")
}
