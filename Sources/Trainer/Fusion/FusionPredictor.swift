import Nets

/// A fusion network compiled for a batch of windows of recordings.
///
/// By windows, and not in one pass: the network has learned with states of no more frames than a window
/// has, and memory does not grow with the length of a recording. Where windows overlap, their
/// predictions are averaged.
final class WindowPlan {
  /// Windows of a pass.
  let batch: Int
  /// What the last pass predicted, `[windows, T, 2]`.
  let predictions: UnsafeMutableBufferPointer<Float>
  /// Frames of a window.
  let length: Int
  private let plan: InferencePlan
  private let inputs: WindowInputs
  private let overlap: Int
  private let delay: AnnotationDelay

  /// - Parameters:
  ///   - tuned: the backbones that the network has in it.
  ///   - parameters: are read when `refreshWeights` is called.
  ///   - batch: windows of a pass.
  /// - Throws: `NetsError`.
  init(
    _ configuration: FusionConfiguration, tuned: TunedExtractors,
    standardisation: Standardisation, parameters: ParameterStore, batch: Int
  ) throws {
    self.batch = batch
    length = configuration.window.frames
    overlap = configuration.window.overlap
    delay = configuration.delay
    plan = try InferencePlan(
      graph: configuration.network(widths: standardisation.widths, tuned: tuned).network().graph,
      batch: batch,
      precision: configuration.precision, parameters: parameters)
    predictions = try plan.output("predictions")
    inputs = try WindowInputs(standardisation, tuned: tuned, frames: length, plan: plan)
  }

  /// The network of a run.
  ///
  /// - Parameter weights: a safetensors file, see `RunFolder.weights(named:)`.
  /// - Throws: `WeightsError` and `NetsError`, naming file and tensor.
  convenience init(
    of folder: RunFolder, _ configuration: FusionConfiguration, tuned: TunedExtractors,
    weights: String, batch: Int
  ) throws {
    let standardisation = try Standardisation(
      path: folder.standardisation, modalities: configuration.fusion.modalities.all)
    let network = configuration.network(widths: standardisation.widths, tuned: tuned)
    try self.init(
      configuration, tuned: tuned, standardisation: standardisation,
      parameters: try ModelSnapshot.parameters(weights, of: network.network().graph), batch: batch)
  }

  /// Takes over the weights as they are now.
  func refreshWeights() throws { try plan.refreshWeights() }

  /// The windows of recordings.
  func windows(of frameCounts: [Int]) -> [FusionWindow] {
    FusionWindow.windows(of: frameCounts, length: length, overlap: overlap)
  }

  /// What was predicted of recordings, where annotations would have it.
  func aligned(_ average: WindowAverage) -> [[SIMD2<Float>]] { average.means.map(delay.aligned) }

  /// Predicts some windows, a batch at most; nothing where there are none.
  ///
  /// - Parameter missing: a modality that the network is to do without.
  /// - Throws: where features cannot be read any more.
  func run(
    _ windows: some Sequence<FusionWindow>, _ split: FusionSplit, missing: Modality? = nil
  ) throws {
    var row = 0
    for window in windows {
      try inputs.fill(row: row, with: window, of: split, missing: missing)
      row += 1
    }
    if row == 0 { return }
    for empty in row..<batch { inputs.clear(row: empty) }
    try plan.run()
  }
}

/// Predicts whole recordings, window by window, on all ranks.
final class FusionPredictor {
  private let job: Job
  private let plan: WindowPlan

  /// A predictor that computes by a plan.
  init(_ plan: WindowPlan, job: Job) {
    self.plan = plan
    self.job = job
  }

  /// Takes over the weights as they are now.
  func refreshWeights() throws { try plan.refreshWeights() }

  /// Predicts all recordings of a split. Collective.
  ///
  /// A round is a batch of windows a rank; what ranks gathered, round by round, is in the order of the
  /// windows, and batches are the same for any number of ranks.
  ///
  /// - Parameters:
  ///   - missing: a modality that the network is to do without.
  ///   - isStopRequested: asked before each round, on all ranks; collective.
  /// - Returns: valence and arousal of each frame, where the annotations have them, the same on all
  ///   ranks; nil when a stop was requested.
  func predict(
    _ split: FusionSplit, missing: Modality?, isStopRequested: () throws -> Bool
  ) throws -> [[SIMD2<Float>]]? {
    let counts = split.recordings.map(\.frameCount)
    let windows = plan.windows(of: counts)
    var average = WindowAverage(frameCounts: counts)
    let ranks = job.communicator.worldSize
    let (batch, values) = (plan.batch, 2 * plan.length)
    for first in stride(from: 0, to: windows.count, by: batch * ranks) {
      if try isStopRequested() { return nil }
      try plan.run(
        windows.dropFirst(first + job.rank * batch).prefix(batch), split, missing: missing)
      let gathered = try job.communicator.allGather(ByteCoding.bytes(of: Array(plan.predictions)))
      let round = gathered.flatMap { ByteCoding.values(in: $0[...]) as [Float] }
      for (place, window) in windows.dropFirst(first).prefix(batch * ranks).enumerated() {
        average.add(window, round[(place * values)...].prefix(values))
      }
    }
    return plan.aligned(average)
  }
}
