import CounterRandom
import Datasets
import Logging
import Nets

/// What the fusion network learns from: micro-batches of windows, and the evaluation of whole
/// recordings.
final class FusionTask: TrainingTask {
  /// Where the training stands, for who keeps what an evaluation finds.
  final class Position {
    /// Updates that were made.
    fileprivate(set) var step: Int

    init(step: Int) { self.step = step }
  }

  private let plan: TrainingPlan
  private let position: Position
  private let inputs: WindowInputs
  private let training: TrainingWindows
  private var requests: TrainingRequests
  private let evaluator: FusionEvaluator
  /// `[windows, T, 2]`, not a number where unknown.
  private let targets: UnsafeMutableBufferPointer<Float>

  /// - Parameter requests: this rank's micro-batches, in the order of the steps.
  /// - Throws: `NetsError.unknownArray` where the plan is not such a network's.
  init(
    plan: TrainingPlan, training: TrainingWindows, requests: TrainingRequests,
    standardisation: Standardisation, tuned: TunedExtractors, evaluator: FusionEvaluator,
    position: Position
  ) throws {
    self.plan = plan
    self.position = position
    self.training = training
    self.requests = requests
    self.evaluator = evaluator
    targets = try plan.floats(input: "targets")
    // Frames whose truth is not known have no weight in either loss.
    try plan.floats(input: "target_weights").update(repeating: 1)
    inputs = try WindowInputs(
      standardisation, tuned: tuned, frames: training.length, plan: plan)
  }

  // Features are read when they are needed, from memory that the system keeps them in.
  let waitedSeconds = 0.0
  let hasNewProblems = false
  private var lastWindows: [Int32] = []
  var lastSamples: [String] { lastWindows.map { name(of: training.windows[Int($0)]) } }
  func takeProblems() -> [SampleProblem] { [] }

  func fillNextMicroBatch(ofStep step: Int) throws {
    guard let request = requests.next() else {
      preconditionFailure("the requests cover every step of the training")
    }
    for (row, sample) in request.sampleIndices.enumerated() {
      let window = training.windows[Int(sample)]
      try inputs.fill(
        row: row, with: window, of: training.split,
        missing: training.missingModality(window: Int(sample), epoch: request.epoch))
      setTargets(row: row, of: window)
    }
    position.step = step
    lastWindows = request.sampleIndices
  }

  private func name(of window: FusionWindow) -> String {
    "\(training.split.recordings[window.recording].name) frames \(window.frames)"
  }

  private func setTargets(row: Int, of window: FusionWindow) {
    let known = training.targets[window.recording]
    for frame in 0..<training.length {
      let place = 2 * (row * training.length + frame)
      let target =
        frame < window.frames.count
        ? known[window.frames.lowerBound + frame] : SIMD2(repeating: .nan)
      targets[place] = target.x
      targets[place + 1] = target.y
    }
  }

  func evaluate(isStopRequested: () throws -> Bool) throws -> Evaluation? {
    guard let report = try evaluator.evaluate(isStopRequested: isStopRequested) else { return nil }
    return Evaluation(
      hasFiniteOutputs: report.isFinite, values: report.values, summary: report.summary,
      content: report.content)
  }
}

/// The windows of a training set and what is to be predicted in them.
struct TrainingWindows {
  let split: FusionSplit
  /// Frames of the longest window.
  let length: Int
  let windows: [FusionWindow]
  /// The delayed truth, `[recordings][frames]`.
  let targets: [[SIMD2<Float>]]
  private let seed: UInt64
  private let dropout: Float

  init(_ split: FusionSplit, _ configuration: FusionConfiguration) {
    self.split = split
    length = configuration.window.frames
    windows = FusionWindow.windows(
      of: split.recordings.map(\.frameCount), length: length,
      overlap: configuration.window.overlap)
    targets = split.recordings.map { configuration.delay.targets(of: $0.labels) }
    seed = configuration.seed
    dropout = Float(configuration.fusion.modalityDropout)
  }

  /// The modality that a window lacks in an epoch; nil for most. At least one always stays: where the
  /// other is missing anyway, none is dropped.
  func missingModality(window: Int, epoch: Int) -> Modality? {
    guard dropout > 0 else { return nil }
    var random = CounterRandom(
      seed: seed, epoch: epoch, index: window, purpose: .modalityDropout)
    let drawn = random.uniform()
    guard drawn < dropout else { return nil }
    let (dropped, other): (Modality, Modality) =
      drawn < dropout / 2 ? (.visual, .audio) : (.audio, .visual)
    let missing = split.recordings[windows[window].recording].missing
    return missing.contains(other) ? nil : dropped
  }
}
