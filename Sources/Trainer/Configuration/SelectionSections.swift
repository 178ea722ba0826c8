// What evaluations decide besides the learning rate.

/// `best`: which model is kept as the best.
struct BestSection: ConfigurationSection {
  /// A number of the evaluation; nil is the stage's own choice.
  var metric: String?

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "metric", \.metric,
        "Number of the evaluation that the best model is chosen by; null: the stage's first.")
    ]
  }
}

/// `early_stopping`: an end before the last epoch.
struct EarlyStoppingSection: ConfigurationSection {
  /// Evaluations in a row without anything better.
  var patience: Int?
  /// What has to get better.
  var metric: String?
  /// By how much it has to be better.
  var threshold = 0.0

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "patience", \.patience,
        "Ends the training after so many evaluations in a row without a better one; null: never.",
        must: Requirement<Int>.oneTo(1_000_000).ifPresent),
      ConfigurationKey(
        "metric", \.metric, "Number of the evaluation that has to get better; null: best.metric."),
      ConfigurationKey(
        "threshold", \.threshold, "By how much more than this it has to be better.",
        must: .from(0, to: 1e30)),
    ]
  }
}
