import Media

/// Log-mel energies as pictures: time from left to right, low frequencies at the bottom, loud ones
/// bright.
struct LogMelImages {
  /// Columns of a picture at most: longer spectrograms are made narrower by a whole factor.
  private static let mostColumns = 320
  /// Rows of a band.
  private static let bandRows = 2
  private static let bands = LogMelSpectrogram.bands

  /// `[samples, frames, bands]`
  private let values: [Float]
  private let frames: Int
  /// Frames of a column.
  private let factor: Int

  /// Spectrograms that a loader wrote, in the plain format, of `frames` frames each.
  init(_ values: [Float], frames: Int) {
    self.values = values
    self.frames = frames
    factor = (frames + Self.mostColumns - 1) / Self.mostColumns
  }

  /// Samples in all.
  private var count: Int { values.count / (frames * Self.bands) }
  private var width: Int { frames / factor }
  private var height: Int { Self.bands * Self.bandRows }

  /// One of them, from silence to its own loudest.
  ///
  /// - Throws: `MediaError.codec`.
  func picture(of sample: Int) throws -> JPEGPicture {
    let pixels = PixelBuffer(width: width, height: height)
    draw(sample, into: pixels, column: 0, row: 0)
    return try JPEGPicture(pixels)
  }

  /// The first ones side by side, at most 16.
  ///
  /// - Returns: nil without samples.
  /// - Throws: `MediaError.codec`.
  func sheet() throws -> JPEGPicture? {
    let shown = min(count, 16)
    guard shown > 0 else { return nil }
    let columns = min(shown, frames > 2 * Self.bands ? 2 : 4)
    let gap = 2
    let rows = (shown + columns - 1) / columns
    let pixels = PixelBuffer(
      width: columns * (width + gap) - gap, height: rows * (height + gap) - gap)
    for index in pixels.bytes.indices { pixels.bytes[index] = 0 }
    for sample in 0..<shown {
      draw(
        sample, into: pixels, column: sample % columns * (width + gap),
        row: sample / columns * (height + gap))
    }
    return try JPEGPicture(pixels)
  }

  private func draw(_ sample: Int, into pixels: PixelBuffer, column: Int, row: Int) {
    let count = frames * Self.bands
    let own = values[(sample * count)..<((sample + 1) * count)]
    let loudest = own.reduce(LogMelSpectrogram.silence + 1) { $1.isFinite ? max($0, $1) : $0 }
    for x in 0..<width {
      for band in 0..<Self.bands {
        let mean = mean(of: own, column: x, band: band)
        let color = HeatColor.color(
          of: (mean - LogMelSpectrogram.silence) / (loudest - LogMelSpectrogram.silence))
        let top = row + (Self.bands - 1 - band) * Self.bandRows
        for y in top..<(top + Self.bandRows) {
          pixels.set(color, x: column + x, y: y)
        }
      }
    }
  }

  /// The mean of a band over a column's frames.
  private func mean(of values: ArraySlice<Float>, column: Int, band: Int) -> Float {
    var sum: Float = 0
    for frame in (column * factor)..<((column + 1) * factor) {
      sum += values[values.startIndex + frame * Self.bands + band]
    }
    return sum / Float(factor)
  }
}

/// Colours from dark to bright, which are as far apart as their numbers also for who sees no red or green.
///
/// - Source: "inferno" by N. Smith and S. van der Walt (CC0), at every eighth of its range.
enum HeatColor {
  private static let stops: [SIMD3<Float>] = [
    [0, 0, 4], [31, 12, 72], [85, 15, 109], [136, 34, 106], [186, 54, 85], [227, 89, 51],
    [249, 140, 10], [249, 201, 50], [252, 255, 164],
  ]

  /// The colour of a number from 0 to 1; what lies outside has that of the nearer end.
  static func color(of number: Float) -> SIMD3<UInt8> {
    // A number that is none compares with nothing: it becomes 0.
    let place = (number > 0 ? min(number, 1) : 0) * Float(stops.count - 1)
    let below = min(Int(place), stops.count - 2)
    let part = place - Float(below)
    let mixed = stops[below] + part * (stops[below + 1] - stops[below])
    return SIMD3<UInt8>(mixed.rounded(.toNearestOrEven))
  }
}

extension PixelBuffer {
  /// Colours a pixel of a picture in colour.
  func set(_ color: SIMD3<UInt8>, x: Int, y: Int) {
    let start = 4 * (y * width + x)
    for channel in 0..<3 { bytes[start + channel] = color[channel] }
  }
}
