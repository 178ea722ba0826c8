import Foundation

/// Sums magnitudes of a spectrum under triangles that are evenly spaced in mel.
///
/// - Source: AudioSet's `mel_features.py`: HTK's scale, 1127 ln(1 + f / 700 Hz); a triangle rises
///   from one edge to the next and falls to the one after, linear in mel; bin 0 counts nowhere.
struct MelFilterBank {
  /// The bins under one band's triangle, and where their weights are.
  private struct Band {
    var bins: Range<Int>
    var weights: Int
  }

  private let bands: [Band]
  private let weights: [Float]

  /// - Parameters:
  ///   - bands: how many triangles.
  ///   - hertz: where the first triangle starts and the last one ends.
  ///   - rate: of the sound, in Hz.
  ///   - transform: samples per spectrum, which has half as many bins, and one.
  init(bands count: Int, hertz: ClosedRange<Double>, rate: Int, transform: Int) {
    let first = Self.mel(hertz.lowerBound)
    let step = (Self.mel(hertz.upperBound) - first) / Double(count + 1)
    var bands: [Band] = []
    var weights: [Float] = []
    for band in 0..<count {
      let lower = first + Double(band) * step
      let all = (0...transform / 2).map { bin -> Double in
        let mel = Self.mel(Double(bin) * Double(rate) / Double(transform))
        return bin == 0 ? 0 : max(0, min((mel - lower) / step, (lower + 2 * step - mel) / step))
      }
      let start = all.firstIndex { $0 > 0 } ?? 0
      let end = all.lastIndex { $0 > 0 }.map { $0 + 1 } ?? start
      bands.append(Band(bins: start..<end, weights: weights.count))
      weights += all[start..<end].map(Float.init)
    }
    self.bands = bands
    self.weights = weights
  }

  /// Writes log(sum + `offset`) of every band.
  ///
  /// - Shapes: `magnitudes` is `[transform / 2 + 1]`, `output` is `[bands]`.
  func logarithms(
    of magnitudes: UnsafePointer<Float>, offset: Float, into output: UnsafeMutablePointer<Float>
  ) {
    weights.withUnsafeBufferPointer { weights in
      for (index, band) in bands.enumerated() {
        var sum: Float = 0
        for (place, bin) in band.bins.enumerated() {
          sum += weights[band.weights + place] * magnitudes[bin]
        }
        output[index] = logf(sum + offset)
      }
    }
  }

  /// How much each bin counts in each band, `[bins, bands]`.
  func matrix(bins: Int) -> [Float] {
    var matrix = [Float](repeating: 0, count: bins * bands.count)
    for (index, band) in bands.enumerated() {
      for (place, bin) in band.bins.enumerated() {
        matrix[bin * bands.count + index] = weights[band.weights + place]
      }
    }
    return matrix
  }

  private static func mel(_ hertz: Double) -> Double { 1127 * log(1 + hertz / 700) }
}
