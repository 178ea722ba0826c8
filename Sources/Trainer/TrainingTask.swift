import Nets

/// What a stage gives the training loop, which knows nothing of faces or speech: samples into the
/// plan, and a way to tell how good the model is.
protocol TrainingTask: AnyObject {
  /// The plan that micro-batches run through, with the weights that are trained.
  var plan: TrainingPlan { get }
  /// Samples of a micro-batch.
  var microBatch: Int { get }
  /// What this rank's data has cost so far.
  var counters: DataCounters { get }

  /// Computes this rank's next micro-batch into a slot of the plan, with a loss scale of
  /// 1 / `microBatch`. The micro-batches come in the order of the steps, and of the leaves in a step.
  func computeNextMicroBatch(slot: Int) throws

  /// Evaluates the model as it is now. Collective.
  ///
  /// - Parameter isStopRequested: asked on all ranks between micro-batches; collective.
  /// - Returns: the same on all ranks; nil when a stop was requested.
  func evaluate(isStopRequested: () throws -> Bool) throws -> Evaluation?
}

/// How good a model is.
struct Evaluation {
  /// What the best model is chosen by; larger is better.
  var score: Double
  /// The numbers for `metrics.jsonl`.
  var values: [(name: String, value: MetricValue)]
  /// One line for the terminal.
  var summary: String
}

/// What loading data has cost a rank since the process started.
struct DataCounters: Equatable {
  /// Samples that could not be used and had a substitute.
  var skippedSamples = 0
  /// Seconds that steps have waited for samples.
  var waitedSeconds = 0.0
}
