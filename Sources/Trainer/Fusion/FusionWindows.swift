/// A piece of a recording.
struct FusionWindow: Equatable, Sendable {
  /// Which recording of its split.
  var recording: Int
  /// Its frames.
  var frames: Range<Int>

  /// The windows of recordings: each begins `stride` frames after the one before; the last one ends with
  /// its recording, and reaches back as far as it has to.
  ///
  /// - Parameters:
  ///   - frameCounts: of the recordings; one shorter than a window is a window of its own.
  ///   - length: frames of a window.
  ///   - overlap: frames that neighbours share; less than `length`.
  static func windows(of frameCounts: [Int], length: Int, overlap: Int) -> [FusionWindow] {
    frameCounts.enumerated().flatMap { recording, count in
      let last = max(0, count - length)
      let starts = Array(stride(from: 0, to: last, by: length - overlap)) + [last]
      return starts.map {
        FusionWindow(recording: recording, frames: $0..<min($0 + length, count))
      }
    }
  }
}

/// Puts predictions of overlapping windows together: where windows overlap, their mean.
struct WindowAverage {
  private var sums: [[SIMD2<Float>]]
  private var counts: [[Float]]

  /// - Parameter frameCounts: of the recordings.
  init(frameCounts: [Int]) {
    sums = frameCounts.map { Array(repeating: .zero, count: $0) }
    counts = frameCounts.map { Array(repeating: 0, count: $0) }
  }

  /// Takes the predictions of a window; windows come in their order.
  ///
  /// - Parameter predictions: pairs of valence and arousal, `[frames, 2]`; padding may follow.
  mutating func add(_ window: FusionWindow, _ predictions: ArraySlice<Float>) {
    for (offset, frame) in window.frames.enumerated() {
      let place = predictions.startIndex + 2 * offset
      sums[window.recording][frame] += SIMD2(predictions[place], predictions[place + 1])
      counts[window.recording][frame] += 1
    }
  }

  /// The means, `[recordings][frames]`.
  var means: [[SIMD2<Float>]] {
    zip(sums, counts).map { sums, counts in zip(sums, counts).map { $0 / $1 } }
  }
}
