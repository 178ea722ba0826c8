import Nets

/// Predicts whole recordings, window by window, on all ranks.
///
/// By windows, and not in one pass: the network has learned with states of no more frames than a window
/// has, and memory does not grow with the length of a recording. Where windows overlap, their
/// predictions are averaged.
final class FusionPredictor {
  private let job: Job
  private let plan: InferencePlan
  private let inputs: WindowInputs
  /// `[windows, T, 2]`
  private let predictions: UnsafeMutableBufferPointer<Float>
  private let batch: Int
  private let length: Int
  private let overlap: Int
  private let delay: AnnotationDelay

  /// - Parameters:
  ///   - tuned: the backbones that the network has in it.
  ///   - parameters: are read when `refreshWeights` is called.
  ///   - batch: windows of a pass.
  /// - Throws: `NetsError`.
  init(
    _ configuration: FusionConfiguration, tuned: TunedExtractors,
    standardisation: Standardisation, parameters: ParameterStore, batch: Int, job: Job
  ) throws {
    self.job = job
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
    let windows = FusionWindow.windows(of: counts, length: length, overlap: overlap)
    var average = WindowAverage(frameCounts: counts)
    let ranks = job.communicator.worldSize
    for first in stride(from: 0, to: windows.count, by: batch * ranks) {
      if try isStopRequested() { return nil }
      try run(windows.dropFirst(first + job.rank * batch).prefix(batch), split, missing)
      let gathered = try job.communicator.allGather(ByteCoding.bytes(of: Array(predictions)))
      let round = gathered.flatMap { ByteCoding.values(in: $0[...]) as [Float] }
      for (place, window) in windows.dropFirst(first).prefix(batch * ranks).enumerated() {
        average.add(window, round[(place * 2 * length)...].prefix(2 * length))
      }
    }
    return average.means.map(delay.aligned)
  }

  private func run(
    _ windows: some Sequence<FusionWindow>, _ split: FusionSplit, _ missing: Modality?
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
