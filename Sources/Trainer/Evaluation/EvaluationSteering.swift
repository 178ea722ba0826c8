/// What evaluations decide: which model is the best, when a plateau lowers the learning rate, and
/// when the training ends early.
///
/// All of it is a function of the evaluations so far, which are the same on any number of ranks, and
/// what it remembers of them is in the checkpoint: a run that goes on decides alike.
struct EvaluationSteering: Equatable, Sendable {
  /// What the best model is chosen by.
  var best: EvaluationMetric
  /// Lowers the learning rate each time it runs out.
  var plateau: Patience?
  /// Ends the training when it runs out.
  var stopping: Patience?
}

/// Waits for evaluations to get better.
struct Patience: Equatable, Sendable {
  /// What it remembers.
  struct State: Codable, Equatable, Sendable {
    /// The best value so far.
    var best: Double?
    /// Evaluations since then, or since it last ran out.
    var waited = 0
    /// How often it has run out.
    var exhausted = 0

    /// Before the first evaluation.
    init() {}
  }

  /// What has to get better.
  var metric: EvaluationMetric
  /// Evaluations in a row that may bring nothing better: one more, and it runs out.
  var evaluations: Int
  /// By how much a value has to be better.
  var threshold: Double

  /// The state after an evaluation.
  func state(_ state: State, after value: Double) -> State {
    var state = state
    if metric.isBetter(value, than: state.best, threshold: threshold) {
      state.best = value
      state.waited = 0
    } else {
      state.waited += 1
    }
    if state.waited > evaluations {
      state.exhausted += 1
      state.waited = 0
    }
    return state
  }
}
