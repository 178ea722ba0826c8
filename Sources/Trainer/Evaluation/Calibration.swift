import Foundation

/// How far a classifier's confidence, the probability of the class it names, can be believed.
///
/// Samples are put into bins of equal width by their confidence; within a bin, the part that is right
/// should be the mean confidence.
///
/// - Source: C. Guo et al., "On calibration of modern neural networks", ICML 2017.
package struct Calibration: Equatable, Sendable {
  /// Bins of the published figures.
  static let publishedBins = 15

  /// The samples whose confidence lies in (lower, upper]; the first bin has 0 as well.
  struct Bin: Equatable, Sendable {
    /// How many there are.
    var count = 0
    /// How many of them were recognised.
    var correct = 0
    /// The sum of their confidences.
    var confidenceSum = 0.0

    /// The part that was recognised; 0 without samples.
    var accuracy: Double { count == 0 ? 0 : Double(correct) / Double(count) }
    /// The mean confidence; 0 without samples.
    var confidence: Double { count == 0 ? 0 : confidenceSum / Double(count) }
    /// How far the two are apart.
    var gap: Double { abs(accuracy - confidence) }
  }

  /// From the least confident to the most.
  private(set) var bins: [Bin]
  /// Mean of −log p(truth), in nats; not a number without samples.
  private(set) var negativeLogLikelihood: Double

  /// What a classifier said of a sample.
  struct Outcome: Equatable, Sendable {
    /// The probability of the class that it named; the first bin has what is not a number.
    var confidence: Double
    /// Whether that is the true one.
    var isRight: Bool
    /// −log p of the true class.
    var surprise: Double
  }

  /// Bins the samples of a classifier.
  ///
  /// - Parameters:
  ///   - samples: −1 as the label of what does not count.
  ///   - bins: at least 1.
  init(_ samples: ClassifiedSamples, bins: Int = Self.publishedBins) {
    self.init(
      samples.counted.map { sample in
        let prediction = samples.prediction(of: sample)
        return Outcome(
          confidence: samples.probabilities(of: sample)[prediction],
          isRight: prediction == samples.labels[sample],
          surprise: samples.crossEntropy(of: sample))
      }, bins: bins)
  }

  /// Bins what a classifier said.
  ///
  /// - Parameter bins: at least 1.
  init(_ outcomes: [Outcome], bins count: Int = Self.publishedBins) {
    var bins = [Bin](repeating: Bin(), count: count)
    for outcome in outcomes {
      let place = (outcome.confidence * Double(count)).rounded(.up)
      let bin = place.isFinite ? min(count - 1, max(0, Int(place) - 1)) : 0
      bins[bin].count += 1
      bins[bin].confidenceSum += outcome.confidence
      if outcome.isRight { bins[bin].correct += 1 }
    }
    self.bins = bins
    negativeLogLikelihood = outcomes.reduce(0) { $0 + $1.surprise } / Double(outcomes.count)
  }

  /// Samples in all.
  var total: Int { bins.reduce(0) { $0 + $1.count } }

  /// The gaps' mean over the samples (expected calibration error, ECE); 0 without samples.
  ///
  /// It has no bootstrap interval: drawing adds to every gap, so that all replicates can lie above it.
  var expectedError: Double {
    total == 0 ? 0 : bins.reduce(0) { $0 + Double($1.count) / Double(total) * $1.gap }
  }

  /// The largest gap of a bin that has samples (maximum calibration error, MCE).
  var maximumError: Double { bins.filter { $0.count > 0 }.map(\.gap).max() ?? 0 }

  /// One line for people.
  var text: String {
    String(
      format: "calibration  ECE %.4f, largest gap %.4f (%d bins of confidence)", expectedError,
      maximumError, bins.count)
  }
}
