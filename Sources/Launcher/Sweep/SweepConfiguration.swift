import Studies
import Trainer

/// How a search chooses what trials try.
enum SamplerName: String, ConfigurationChoice {
  case grid
  case random
  /// Evenly spread points.
  case sobol
  /// Tree-structured Parzen estimator: what did well is tried more often.
  case tpe
}

extension SamplerName {
  /// The sampler of this name.
  ///
  /// - Returns: nil where a grid is not told which values to take.
  func make(
    _ space: SearchSpace, direction: Direction, seed: UInt64
  ) -> (any Sampler)? {
    switch self {
    case .grid: GridSampler(space)
    case .random: RandomSampler(space, seed: seed)
    case .sobol: SobolSampler(space, seed: seed)
    case .tpe: TreeParzenSampler(space, direction: direction, seed: seed)
    }
  }
}

/// The names of directions in files.
enum DirectionName: String, ConfigurationChoice {
  case minimize
  case maximize

  /// What searches call it.
  var direction: Direction { self == .minimize ? .minimize : .maximize }
}

/// Which of a training's measurements counts.
enum MeasurementChoice: String, ConfigurationChoice {
  case last
  case best
}

/// A sweep file: what is searched, for what, and how long.
struct SweepConfiguration: ConfigurationSection {
  /// What is trained.
  var stage = StageName.teacher
  /// The configuration that trials begin from.
  var config = ""
  /// `key=value` that hold for all trials.
  var set: [String] = []
  /// What is searched.
  var parameters = ParameterTable()
  /// What is good.
  var objective = ObjectiveSection()
  /// How values are chosen.
  var sampler = SamplerName.tpe
  /// Decides what is chosen.
  var seed: UInt64 = 0
  /// Trainings of a trial, which differ in their seed.
  var seedsPerTrial = 1
  /// When enough was tried.
  var budget = BudgetSection()
  /// Early stopping.
  var asha = HalvingSection()
  /// Trainings at the same time.
  var concurrency = 1
  /// How often a training that failed is tried again.
  var retries = 2

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    subjectKeys + section("objective", \.objective) + courseKeys + section("budget", \.budget)
      + section("asha", \.asha)
  }

  private static var subjectKeys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey("stage", \.stage, "What is trained.", isRequired: true),
      ConfigurationKey(
        "config", \.config, "The configuration that trials begin from, a YAML file.",
        isRequired: true),
      ConfigurationKey("set", \.set, "key=value that hold for all trials."),
      ConfigurationKey(
        "parameters",
        """
        What is searched: of each configuration key {values: […]} or {min: A, max: B}, which may have \
        log: true, step: S, grid: N (points of a grid) and when: {KEY: VALUE or […]}, a condition on an \
        earlier parameter with values. Ends without a point mean whole numbers.
        """, expectation: ParameterTable.expectation, isRequired: true,
        read: { node, root in
          do throws(ParameterTable.Problem) {
            root.parameters = try ParameterTable(yaml: node)
            return nil
          } catch { return error.text }
        }, write: { $0.parameters.yaml }),
    ]
  }

  private static var courseKeys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey("sampler", \.sampler, "How values are chosen."),
      ConfigurationKey("seed", \.seed, "Decides what is chosen."),
      ConfigurationKey(
        "seeds_per_trial", \.seedsPerTrial,
        "Trainings of a trial, which differ in their seed; their mean counts.",
        must: .from(1, to: 100)),
      ConfigurationKey(
        "concurrency", \.concurrency, "Trainings at the same time.", must: .positive,
        changesResult: false),
      ConfigurationKey(
        "retries", \.retries, "How often a training that failed is tried again.",
        must: .notNegative, changesResult: false),
    ]
  }
}

/// `objective`: what a trial is judged by.
struct ObjectiveSection: ConfigurationSection {
  /// A number of the validation lines of metrics.jsonl.
  var metric = ""
  /// Which are better.
  var direction: DirectionName?
  /// Which of them counts.
  var of = MeasurementChoice.best

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "metric", \.metric,
        "A number of the validation lines in metrics.jsonl, such as accuracy or loss.",
        must: Requirement(words: "the name of a number") { !$0.isEmpty }, isRequired: true),
      ConfigurationKey(
        "direction", \.direction, "Which values are better; null: what the metric is made for."),
      ConfigurationKey(
        "of", \.of, "Whether a training's best evaluation so far counts, or the last one."),
    ]
  }
}

/// `budget`: when a sweep has tried enough.
struct BudgetSection: ConfigurationSection {
  /// Trials; nil for no limit.
  var trials: Int?
  /// Hours that the sweep may be at work; nil for no limit.
  var hours: Double?

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "trials", \.trials, "Trials; null: no limit, or all of a grid.",
        must: Requirement<Int>.positive.ifPresent, changesResult: false),
      ConfigurationKey(
        "hours", \.hours, "Hours that the sweep is at work, over all its starts; null: no limit.",
        must: Requirement<Double>.positive.ifPresent, changesResult: false),
    ]
  }
}

/// `asha`: early stopping by asynchronous successive halving.
struct HalvingSection: ConfigurationSection {
  /// Updates after which trials are compared first; nil for no early stopping.
  var minSteps: Int?
  /// Updates of a whole training; nil for what `train.max_steps` says.
  var maxSteps: Int?
  /// Of so many trials one goes on.
  var reduction = 3

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "min_steps", \.minSteps,
        "Updates after which trials are compared first; null: each runs to its end.",
        must: Requirement<Int>.positive.ifPresent),
      ConfigurationKey(
        "max_steps", \.maxSteps,
        "Updates after which the best trials end; null: the configuration's train.max_steps.",
        must: Requirement<Int>.positive.ifPresent),
      ConfigurationKey(
        "reduction", \.reduction, "One of so many trials goes on to the next comparison.",
        must: .from(2, to: 100)),
    ]
  }
}

/// A sweep file, for help texts.
public enum SweepFile {
  /// The table of its keys.
  public static var keyTable: String { SweepConfiguration.keyTable }
}
