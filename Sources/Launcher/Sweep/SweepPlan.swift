import Studies
import Trainer

/// A sweep that somebody wants, everything checked that can be before it runs.
struct SweepPlan: Sendable {
  /// What the sweep file says.
  let configuration: SweepConfiguration
  /// Which objectives are better.
  let direction: Direction
  /// When trials are compared; nil where each runs to its end.
  let halving: SuccessiveHalving?
  /// What chooses the values of trials.
  let sampler: any Sampler
  /// What the configuration says that trials begin from.
  let outline: TrainingOutline

  /// The parameters.
  var space: SearchSpace { configuration.parameters.space }

  /// Reads a sweep file and checks it against the configuration that trials begin from.
  ///
  /// - Parameters:
  ///   - file: the sweep file.
  ///   - overrides: `key=value` arguments that win over it.
  ///   - base: the configuration that trials begin from; nil for the one that the sweep file names.
  ///   - ranks: ranks of a training; 1 where a cluster file says how many.
  /// - Throws: `TrainerError.configuration`.
  init(file: String, overrides: [String], base: String? = nil, ranks: Int) throws {
    let loaded = try ConfigurationReader<SweepConfiguration>.load(
      file: file, overrides: overrides, option: "the sweep")
    configuration = loaded.values
    let base = base ?? configuration.config
    outline = try loaded.outline(of: base, [], ranks: ranks)
    direction = try loaded.direction(among: outline.metrics)
    halving = try loaded.halving(maximumSteps: outline.maximumSteps)
    try loaded.requireSeeds()
    sampler = try loaded.sampler(direction)
    try loaded.requireParameters(of: base, ranks: ranks)
  }

  /// A value of the objective in words.
  func words(of value: Double) -> String {
    "\(configuration.objective.metric) \(String(format: "%.5g", value))"
  }

  /// What a trial has come to in words, and where, unless that is its end.
  func outcome(of trial: Trial) -> String {
    let place = trial.state == .complete ? "" : " after \(trial.latest?.step ?? 0) updates"
    return (trial.value.map(words) ?? "") + place
  }

  /// The step to which a trial goes at first; nil for its end.
  var firstStep: Int? { halving?.rungs.first }

  /// The trainings of a trial.
  ///
  /// - Parameters:
  ///   - number: the trial's.
  ///   - assignment: its values.
  ///   - step: where they pause; nil for their end.
  func trainings(
    ofTrial number: Int, _ assignment: Assignment, in folder: SweepFolder, to step: Int?
  ) -> [TrialTraining] {
    let words = configuration.set + space.overrides(assignment)
    let path = folder.trial(number)
    guard configuration.seedsPerTrial > 1 else {
      return [TrialTraining(trial: number, run: path, overrides: words, target: step)]
    }
    return (0..<configuration.seedsPerTrial).map { offset in
      let seed = outline.seed &+ UInt64(offset)
      return TrialTraining(
        trial: number, run: "\(path)/seed-\(seed)", overrides: words + ["seed=\(seed)"],
        target: step)
    }
  }
}

/// A training of a trial, up to a step.
struct TrialTraining: Equatable, Sendable {
  /// The trial's number.
  var trial: Int
  /// Its run folder.
  var run: String
  /// Its own `key=value` words.
  var overrides: [String]
  /// Where it pauses; nil for its end.
  var target: Int?

  /// Whether it has come to where it pauses, or to its end.
  var isThere: Bool {
    let progress = RunProgress(ofRun: run)
    return progress.hasFinished || target.map(progress.hasCome) ?? false
  }
}

extension LoadedConfiguration<SweepConfiguration> {
  /// What a training's configuration says with some values.
  fileprivate func outline(
    of base: String, _ words: [String], ranks: Int
  ) throws -> TrainingOutline {
    try TrainingOutline(of: values.stage, file: base, overrides: values.set + words) { _ in ranks }
  }

  fileprivate func direction(among metrics: [EvaluationMetric]) throws -> Direction {
    let name = values.objective.metric
    guard let metric = metrics.first(where: { $0.name == name }) else {
      let nearest = nearestKey(to: name, among: metrics.map(\.name)) ?? ""
      throw TrainerError.configuration([
        mistake(
          "objective.metric",
          "trainings are not judged by '\(name)'; did you mean '\(nearest)'? There are "
            + metrics.map(\.name).joined(separator: ", "))
      ])
    }
    return values.objective.direction?.direction
      ?? (metric.better == .larger ? .maximize : .minimize)
  }

  fileprivate func halving(maximumSteps: Int?) throws -> SuccessiveHalving? {
    guard let least = values.asha.minSteps else { return nil }
    guard let most = values.asha.maxSteps ?? maximumSteps else {
      throw TrainerError.configuration([
        mistake(
          "asha.max_steps",
          "is needed, or train.max_steps, since the configuration counts epochs only")
      ])
    }
    guard most > least else {
      throw TrainerError.configuration([
        mistake("asha.min_steps", "must be less than the \(most) steps of a training")
      ])
    }
    return SuccessiveHalving(least: least, most: most, reduction: values.asha.reduction)
  }

  fileprivate func sampler(_ direction: Direction) throws -> any Sampler {
    let space = values.parameters.space
    func refusal(_ key: String, _ problem: String) -> TrainerError {
      TrainerError.configuration([mistake(key, problem)])
    }
    if values.sampler != .grid, values.budget.trials == nil, values.budget.hours == nil {
      throw refusal("budget.trials", "is needed, or budget.hours: \(values.sampler) never ends")
    }
    if values.sampler == .sobol, space.parameters.count > SobolSampler.mostParameters {
      throw refusal("sampler", "sobol takes at most \(SobolSampler.mostParameters) parameters")
    }
    if values.sampler == .grid, space.gridCount ?? 0 > GridSampler.mostAssignments {
      throw refusal(
        "sampler",
        "a grid has at most \(Int(GridSampler.mostAssignments)) combinations: give fewer values")
    }
    let sampler = values.sampler.make(space, direction: direction, seed: values.seed)
    guard let sampler else {
      throw refusal("sampler", "a grid needs values, step or grid of each parameter")
    }
    return sampler
  }

  /// Throws where a trial has seeds of its own, and searches them as well.
  fileprivate func requireSeeds() throws {
    let names = values.parameters.space.parameters.map(\.name)
    guard values.seedsPerTrial > 1, names.contains("seed") else { return }
    throw TrainerError.configuration([
      mistake("seeds_per_trial", "must be 1 where seed is a parameter")
    ])
  }

  /// Throws where a parameter's value is refused whatever the others are.
  fileprivate func requireParameters(of base: String, ranks: Int) throws {
    let space = values.parameters.space
    // Some go together only with some: these are tried beside.
    let others = (0..<8).compactMap { number in
      RandomSampler(space, seed: values.seed).assignment(forTrial: number, after: [])
    }
    for parameter in space.parameters {
      for value in parameter.domain.extremes {
        let word = space.overrides([parameter.name: value])
        do {
          _ = try outline(of: base, word, ranks: ranks)
        } catch TrainerError.configuration(let mistakes) {
          let isPossible = others.contains { other in
            let words = space.overrides(other.merging([parameter.name: value]) { $1 })
            return (try? outline(of: base, words, ranks: ranks)) != nil
          }
          guard !isPossible else { continue }
          throw TrainerError.configuration([
            mistake(
              "parameters",
              mistakes.map { "\($0.key): \($0.problem)" }.joined(separator: "; ")
                + " (\(word.joined(separator: " ")))")
          ])
        }
      }
    }
  }
}

extension ParameterDomain {
  /// Values that are refused where any is.
  fileprivate var extremes: [Double] {
    switch self {
    case .numeric(let numbers): [numbers.low, numbers.high]
    case .choice(let choices): choices.indices.map(Double.init)
    }
  }
}
