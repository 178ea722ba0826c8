/// The learning-rate schedules that `schedule.name` can name.
enum ScheduleName: String, Sendable, ConfigurationChoice {
  /// Half a cosine from the peak to the final fraction.
  case cosine
  /// The peak all along.
  case constant
  /// Lower after fixed numbers of epochs or steps.
  case step
  /// Lower whenever evaluations stop getting better.
  case plateau
}

/// `schedule`: the learning rate over time.
struct ScheduleSection: ConfigurationSection {
  /// The shape after the warm-up.
  var name = ScheduleName.cosine
  /// The length of the linear rise at the start.
  var warmup = Interval.epochs(1)
  /// The last learning rate as a fraction of the peak.
  var finalFraction = 0.0
  /// What step and plateau multiply the rate with.
  var factor = 0.1
  /// step only: the time between two of them.
  var every: Interval?
  /// step only: when they are.
  var milestones: [Interval] = []
  /// plateau only: what has to get better.
  var metric: String?
  /// plateau only: evaluations in a row without anything better.
  var patience = 5
  /// plateau only: by how much it has to be better.
  var threshold = 0.0

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey("name", \.name, "Shape of the learning rate after the warm-up."),
      ConfigurationKey("warmup", \.warmup, "Length of the linear rise at the start."),
      ConfigurationKey(
        "final_fraction", \.finalFraction,
        "Where the cosine ends, and the least that a plateau leaves, as a fraction of the peak.",
        must: .fraction),
      ConfigurationKey(
        "factor", \.factor, "What the learning rate is multiplied with (step, plateau).",
        must: Requirement(words: "above 0 and below 1") { $0 > 0 && $0 < 1 }),
      ConfigurationKey(
        "every", \.every, "Time between two reductions, from the training's start (step).",
        must: Requirement<Interval>.notEmpty.ifPresent),
      ConfigurationKey(
        "milestones", \.milestones,
        "When the rate is reduced, from the training's start, instead of schedule.every (step).",
        must: Requirement(words: "more than 0 epochs or steps, each") { intervals in
          intervals.allSatisfy { $0.count > 0 }
        }),
      ConfigurationKey(
        "metric", \.metric,
        "Number of the evaluation that has to get better (plateau); null: best.metric."),
      ConfigurationKey(
        "patience", \.patience,
        "Evaluations in a row without a better one that are waited out; the next reduces (plateau).",
        must: .from(0, to: 1_000_000)),
      ConfigurationKey(
        "threshold", \.threshold, "By how much more than this it has to be better (plateau).",
        must: .from(0, to: 1e30)),
    ]
  }
}
