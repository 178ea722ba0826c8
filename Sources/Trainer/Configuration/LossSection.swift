// Losses, by their factors in the sum that a network is trained for.

extension Requirement<Double> {
  private static var largestFactor: Double { 1e4 }
  /// A factor of a loss, 0 for none.
  static var lossFactor: Self { .from(0, to: largestFactor) }
  /// A factor of a loss that cannot be left out.
  static var neededLossFactor: Self { .from(1e-4, to: largestFactor) }
}

/// `loss` of a network that learns valence and arousal alone.
struct AffectLossSection: ConfigurationSection {
  /// Of 1 − CCC of valence and arousal.
  var concordance = 0.0
  /// Of their mean squared error.
  var squaredError = 0.0
  /// Whether valence and arousal are learned.
  var hasAffect: Bool { concordance > 0 || squaredError > 0 }

  /// The defaults.
  init() {}

  /// The defaults, but for one.
  init(concordance: Double) { self.concordance = concordance }

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "concordance", \.concordance, "Factor of 1 - CCC of valence and arousal; 0 for none.",
        must: .lossFactor),
      ConfigurationKey(
        "squared_error", \.squaredError,
        "Factor of the mean squared error of valence and arousal; 0 for none.", must: .lossFactor),
    ]
  }
}

/// Keys of `loss` of networks that learn classes, too, but for the factor of these.
struct LabelLossSection: ExtendingSection {
  /// Valence and arousal.
  var base = AffectLossSection()
  /// The part of a label that is spread over all classes.
  var labelSmoothing = 0.0

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "label_smoothing", \.labelSmoothing, "Part of a label that is spread over all classes.",
        must: .belowOne)
    ] + baseKeys
  }
}

/// `loss` of the stages that train a face network.
struct LossSection: ExtendingSection {
  /// Of labels.
  var base = LabelLossSection()
  /// Of the cross-entropy of the classes.
  var expression = 1.0
  /// Of the triplets' loss.
  var triplet = 1.0

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "expression", \.expression, "Factor of the cross-entropy of the classes.",
        must: .neededLossFactor)
    ] + baseKeys + [
      ConfigurationKey(
        "triplet", \.triplet, "Factor of the loss of triplets, where there are any.",
        must: .neededLossFactor)
    ]
  }
}

/// `loss` of the stage `audio`.
struct AudioLossSection: ExtendingSection {
  /// Of labels.
  var base = LabelLossSection()
  /// Of the cross-entropy of the emotions.
  var emotion = 1.0

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "emotion", \.emotion, "Factor of the cross-entropy of the emotions; 0 for none.",
        must: .lossFactor)
    ] + baseKeys
  }
}
