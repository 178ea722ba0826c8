/// `loss`: what the network is trained for, as factors of the losses in their sum.
struct LossSection: ConfigurationSection {
  /// Of the cross-entropy of the classes.
  var expression = 1.0
  /// The part of a label that is spread over all classes.
  var labelSmoothing = 0.0
  /// Of 1 − CCC of valence and arousal.
  var concordance = 0.0
  /// Of their mean squared error.
  var squaredError = 0.0
  /// Of the triplets' loss.
  var triplet = 1.0
  /// Whether valence and arousal are learned.
  var hasAffect: Bool { concordance > 0 || squaredError > 0 }
  private static let largestFactor = 1e4

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "expression", \.expression, "Factor of the cross-entropy of the classes.",
        must: .from(1e-4, to: largestFactor)),
      ConfigurationKey(
        "label_smoothing", \.labelSmoothing, "Part of a label that is spread over all classes.",
        must: .belowOne),
      ConfigurationKey(
        "concordance", \.concordance, "Factor of 1 - CCC of valence and arousal; 0 for none.",
        must: .from(0, to: largestFactor)),
      ConfigurationKey(
        "squared_error", \.squaredError,
        "Factor of the mean squared error of valence and arousal; 0 for none.",
        must: .from(0, to: largestFactor)),
      ConfigurationKey(
        "triplet", \.triplet, "Factor of the loss of triplets, where there are any.",
        must: .from(1e-4, to: largestFactor)),
    ]
  }
}
