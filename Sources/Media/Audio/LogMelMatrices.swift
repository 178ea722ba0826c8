import Foundation

/// A log-mel spectrogram as two matrix products, for programs that have no Fourier transform:
/// log(√((x · cosine)² + (x · sine)²) · bands + offset), x being the samples under each window.
public struct LogMelMatrices: Sendable {
  /// Bins of the transform, 257.
  public let bins: Int
  /// The window's and the transform's factors, real parts, then imaginary ones: `[400, 2 · bins]`, float64.
  public let transform: [Double]
  /// How much each bin counts in each mel band: `[bins, 64]`.
  public let bands: [Float]
  /// What is added before the logarithm.
  public let offset: Float
}

extension LogMelSpectrogram {
  /// What the spectrogram computes, as matrices.
  public static var matrices: LogMelMatrices {
    let bins = transformSamples / 2 + 1
    let window = window
    let transform = window.indices.flatMap { sample in
      let angles = (0..<bins).map { bin in
        2 * Double.pi * Double(bin * sample % transformSamples) / Double(transformSamples)
      }
      return angles.map { window[sample] * cos($0) } + angles.map { -window[sample] * sin($0) }
    }
    return LogMelMatrices(
      bins: bins, transform: transform, bands: filters.matrix(bins: bins), offset: offset)
  }
}
