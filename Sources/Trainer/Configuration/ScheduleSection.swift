/// The learning-rate schedules that `schedule.name` can name.
enum ScheduleName: String, Sendable, ConfigurationChoice {
  /// Half a cosine from the peak to the final fraction.
  case cosine
  /// The peak all along.
  case constant
}

/// `schedule`: the learning rate over time.
struct ScheduleSection: ConfigurationSection {
  /// The shape after the warm-up.
  var name = ScheduleName.cosine
  /// The length of the linear rise at the start.
  var warmup = Interval.epochs(1)
  /// The last learning rate as a fraction of the peak.
  var finalFraction = 0.0

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey("name", \.name, "Shape of the learning rate after the warm-up."),
      ConfigurationKey("warmup", \.warmup, "Length of the linear rise at the start."),
      ConfigurationKey(
        "final_fraction", \.finalFraction, "Where the cosine ends, as a fraction of the peak.",
        must: .fraction),
    ]
  }
}
