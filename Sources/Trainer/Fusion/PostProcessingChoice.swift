import Foundation

/// `postprocessing`: what is tried on development data.
struct PostProcessingSection: ConfigurationSection {
  /// Widths of the median filter.
  var medianSeconds = [0.2, 0.6, 1.0, 2.0, 4.0, 8.0]
  /// Whether the mean is tried.
  var centring = true
  /// Whether the deviation is tried.
  var scaling = true
  /// Shifts in time.
  var shiftSeconds = [-1.0, -0.6, -0.2, 0.2, 0.6, 1.0, 2.0]
  private static let longestSeconds = 120.0

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "median_seconds", \.medianSeconds,
        "Widths of the median filter that are tried on development data; [] for none.",
        must: Requirement(words: "above 0 and at most 120 seconds, each") { seconds in
          seconds.allSatisfy { $0 > 0 && $0 <= longestSeconds }
        }, changesResult: false),
      ConfigurationKey(
        "centring", \.centring, "Whether predictions may be given the mean of the annotations.",
        changesResult: false),
      ConfigurationKey(
        "scaling", \.scaling, "Whether predictions may be given their deviation.",
        changesResult: false),
      ConfigurationKey(
        "shift_seconds", \.shiftSeconds,
        "Shifts in time that are tried, to later ones where positive; [] for none.",
        must: Requirement(words: "within 120 seconds, each") { seconds in
          seconds.allSatisfy { abs($0) <= longestSeconds }
        }, changesResult: false),
    ]
  }
}

extension PostProcessingSection {
  /// Chooses what one dimension's predictions undergo: the steps one after another, each as it raises
  /// the concordance correlation over all recordings most, and not at all where none raises it.
  ///
  /// - Parameters:
  ///   - predictions: of each recording, `[frames]`.
  ///   - truths: the annotations of the same frames.
  func choice(predictions: [[Float]], truths: [[Float]]) -> PostProcessing {
    let truth = truths.flatMap { $0 }
    let wanted = Moments(truth)
    func score(_ candidate: PostProcessing) -> Double {
      let values = predictions.flatMap(candidate.applied)
      return DimensionScore(zip(values, truth).map { ($0, $1) }).concordance
    }
    var best = PostProcessing()
    var bestScore = score(best)
    func consider(_ change: (inout PostProcessing) -> Void) {
      var candidate = best
      change(&candidate)
      let score = score(candidate)
      // A correlation that is not a number is no better than any.
      if score > bestScore || (bestScore.isNaN && !score.isNaN) {
        (best, bestScore) = (candidate, score)
      }
    }
    // A filter as long as a recording leaves nothing but one number of it.
    let shortest = predictions.map(\.count).min() ?? 0
    for frames in medianFrames where 2 * frames <= shortest {
      consider { $0.medianFrames = frames }
    }
    if centring {
      let found = Moments(predictions.flatMap(best.applied))
      consider { $0.offset = Float(wanted.mean - found.mean) }
    }
    let found = Moments(predictions.flatMap(best.applied))
    if scaling, found.deviation > 0 {
      consider {
        $0.pivot = Float(found.mean)
        $0.factor = Float(wanted.deviation / found.deviation)
      }
    }
    for frames in shiftFrames { consider { $0.shiftFrames = frames } }
    return best
  }

  /// The widths in frames, odd, each once.
  private var medianFrames: [Int] {
    Set(medianSeconds.map { 2 * (FrameClock.frames(seconds: $0) / 2) + 1 }).filter { $0 > 1 }
      .sorted()
  }

  private var shiftFrames: [Int] {
    Set(shiftSeconds.map { FrameClock.frames(seconds: $0) }).filter { $0 != 0 }
      .sorted { (abs($0), $0) < (abs($1), $1) }
  }
}

/// Mean and deviation, in double and in order.
private struct Moments {
  let mean: Double
  let deviation: Double

  init(_ values: [Float]) {
    let count = Double(values.count)
    let mean = values.reduce(0) { $0 + Double($1) } / count
    self.mean = mean
    deviation =
      (values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count).squareRoot()
  }
}
