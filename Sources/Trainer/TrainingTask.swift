import Datasets
import Nets

/// What a stage gives the training loop, which knows nothing of faces or speech: samples into the
/// plan, and a way to tell how good the model is.
protocol TrainingTask: AnyObject {
  /// Seconds that this rank's steps have waited for samples since the process started.
  var waitedSeconds: Double { get }
  /// Whether this rank has met samples that it could not use since `takeProblems`.
  var hasNewProblems: Bool { get }
  /// The samples that this rank could not use and has not given away yet, each once.
  func takeProblems() -> [SampleProblem]

  /// Puts the samples of this rank's next micro-batch into the plan. The micro-batches come in the order of
  /// the steps, and of the leaves in a step.
  ///
  /// - Parameter step: which step it is of, counted from 1.
  func fillNextMicroBatch(ofStep step: Int) throws

  /// What people know the samples by that were put into the plan last.
  var lastSamples: [String] { get }

  /// Evaluates the model as it is now. Collective.
  ///
  /// - Parameter isStopRequested: asked on all ranks between micro-batches; collective.
  /// - Returns: the same on all ranks; nil when a stop was requested.
  func evaluate(isStopRequested: () throws -> Bool) throws -> Evaluation?

  /// Samples of a step's first micro-batch as the network saw them, side by side, loaded anew; asked for
  /// on rank 0 only, so that they are the same for any number of ranks.
  ///
  /// - Returns: nil for what cannot be seen.
  func picture(ofStep step: Int) throws -> JPEGPicture?
}

extension TrainingTask {
  func picture(ofStep step: Int) throws -> JPEGPicture? { nil }
}

/// How good a model is.
struct Evaluation {
  /// Whether the numbers mean anything: outputs that are not finite can still be counted right.
  var hasFiniteOutputs: Bool
  /// The numbers for `metrics.jsonl`.
  var values: [(name: String, value: MetricValue)]
  /// One line for the terminal.
  var summary: String
  /// What can be looked at; asked for on rank 0 only.
  var content: () throws -> ReportContent = { ReportContent() }
}
