import Foundation

/// Log-mel spectrograms as VGGish defines them, of mono sound at 16 kHz.
///
/// Each frame is 25 ms under a periodic Hann window, transformed with 512 points; the magnitudes
/// are summed in 64 mel bands from 125 to 7 500 Hz, and the logarithm of the sum plus 0.01 is
/// taken. Frames follow one another by 10 ms; the last one ends within the sound.
///
/// The transform is float64: in float32 a loud tone's rounding changes the logarithms of silent
/// bands by 5e-4. Each thread has its own.
///
/// - Source: S. Hershey et al., "CNN architectures for large-scale audio classification", ICASSP
///   2017; constants and formulas from AudioSet's `vggish_params.py` and `mel_features.py`.
public final class LogMelSpectrogram {
  /// Of the sound, in Hz.
  public static let rate = 16_000
  /// Samples under the window of one frame: 25 ms.
  public static let windowSamples = 400
  /// Samples from one frame to the next: 10 ms.
  public static let hopSamples = 160
  /// Values of one frame.
  public static let bands = 64
  /// What a band of silence has: log 0.01.
  public static let silence = logf(offset)

  /// What is added to a band before the logarithm is taken.
  public static let offset: Float = 0.01
  /// Points of the Fourier transform.
  public static let transformSamples = 512
  /// Where the first band begins and the last one ends.
  public static let hertz = 125.0...7500.0

  static var filters: MelFilterBank {
    MelFilterBank(bands: bands, hertz: hertz, rate: rate, transform: transformSamples)
  }
  static var window: [Double] {
    (0..<windowSamples).map { 0.5 - 0.5 * cos(2 * Double.pi * Double($0) / Double(windowSamples)) }
  }

  private let transform: RealFourierTransform
  private let filters = LogMelSpectrogram.filters
  private let window = LogMelSpectrogram.window
  private var magnitudes = [Float](repeating: 0, count: transformSamples / 2 + 1)

  /// - Throws: `MediaError.codec` where the Fourier transform is missing.
  public init() throws { transform = try RealFourierTransform(length: Self.transformSamples) }

  /// How many frames `samples` samples have.
  public static func frameCount(samples: Int) -> Int {
    samples < windowSamples ? 0 : 1 + (samples - windowSamples) / hopSamples
  }

  /// The middle of a frame's window, in seconds from the first sample on: the moment whose
  /// annotations belong to it.
  public static func centreSeconds(ofFrame frame: Int) -> Double {
    Double(frame * hopSamples + windowSamples / 2) / Double(rate)
  }

  /// The spectrogram of `samples`.
  ///
  /// - Shapes: the result is `[frameCount, bands]`.
  public func frames(of samples: [Float]) -> [Float] {
    let count = Self.frameCount(samples: samples.count)
    return [Float](unsafeUninitializedCapacity: count * Self.bands) { buffer, initialized in
      samples.withUnsafeBufferPointer { compute($0, into: buffer) }
      initialized = count * Self.bands
    }
  }

  /// Writes the spectrogram of `samples`, without allocating.
  ///
  /// - Shapes: `output` is `[frameCount, bands]`.
  public func compute(
    _ samples: UnsafeBufferPointer<Float>, into output: UnsafeMutableBufferPointer<Float>
  ) {
    let count = Self.frameCount(samples: samples.count)
    precondition(output.count >= count * Self.bands)
    guard let samples = samples.baseAddress, let output = output.baseAddress else { return }
    for frame in 0..<count {
      spectrum(of: samples + frame * Self.hopSamples)
      filters.logarithms(
        of: magnitudes, offset: Self.offset, into: output + frame * Self.bands)
    }
  }

  /// Writes the magnitudes of one frame.
  private func spectrum(of samples: UnsafePointer<Float>) {
    let input = transform.input
    for index in 0..<Self.windowSamples { input[index] = Double(samples[index]) * window[index] }
    input[Self.windowSamples...].update(repeating: 0)
    transform.transform()
    let output = transform.output
    magnitudes.withUnsafeMutableBufferPointer { magnitudes in
      for bin in 0..<output.count {
        let value = output[bin]
        magnitudes[bin] = Float((value.re * value.re + value.im * value.im).squareRoot())
      }
    }
  }
}
