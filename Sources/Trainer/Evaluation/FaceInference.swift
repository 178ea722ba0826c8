import Datasets
import Nets

/// Runs a face network over lists of faces, spread over the ranks.
final class FaceInference {
  private let settings: Settings
  private let plan: InferencePlan
  private let rounds: InferenceRounds
  /// Samples of a micro-batch.
  var microBatch: Int { settings.microBatch }
  /// Of the last micro-batch, `[microBatch, classes]`.
  let logits: UnsafeMutableBufferPointer<Float>
  /// Of the last micro-batch, `[microBatch, 2]`; nil without the head.
  let affect: UnsafeMutableBufferPointer<Float>?
  /// Of the last micro-batch, `[microBatch, dimensions]`; nil without the head.
  let embedding: UnsafeMutableBufferPointer<Float>?
  /// Of the last micro-batch, `[microBatch, F]`, what the heads read; nil where nobody asked for it.
  let features: UnsafeMutableBufferPointer<Float>?

  /// How samples are loaded.
  struct Settings {
    var augmentation: Augmentation
    var microBatch: Int
    var workers: Int
    var queueBatches: Int
    var onError: ErrorPolicy
  }

  /// - Parameters:
  ///   - parameters: are read when `refreshWeights` is called.
  ///   - hasFeatures: whether somebody wants to see what the heads read.
  /// - Throws: `NetsError` where the network does not fit.
  init(
    network: FaceNetwork, precision: Precision, parameters: ParameterStore, settings: Settings,
    job: Job, hasFeatures: Bool = false
  ) throws {
    self.settings = settings
    plan = try InferencePlan(
      graph: network.graph(hasFeatures: hasFeatures), batch: settings.microBatch,
      precision: precision,
      parameters: parameters, pixels: .asRead)
    rounds = try InferenceRounds(
      plan: plan, input: "images", microBatch: settings.microBatch, onError: settings.onError,
      job: job)
    logits = try plan.output("logits")
    affect = network.hasAffect ? try plan.output("affect") : nil
    embedding = network.embedding == nil ? nil : try plan.output("embedding")
    features = hasFeatures ? try plan.output("features") : nil
  }

  /// - Parameters:
  ///   - weights: a safetensors file of the network, see `RunFolder.weights(named:)`.
  ///   - hasFeatures: whether somebody wants to see what the heads read.
  /// - Throws: `WeightsError` and `NetsError`, naming the file and the tensor.
  convenience init(
    network: FaceNetwork, precision: Precision, weights: String, settings: Settings, job: Job,
    hasFeatures: Bool = false
  ) throws {
    try self.init(
      network: network, precision: precision,
      parameters: try ModelSnapshot.parameters(weights, of: network.graph()), settings: settings,
      job: job, hasFeatures: hasFeatures)
  }

  /// Takes over the weights as they are now.
  func refreshWeights() throws { try plan.refreshWeights() }

  /// Copies all that the heads say about the last micro-batch, sample by sample: logits, then valence and
  /// arousal, then the embedding. Samples without weight stay as they are.
  ///
  /// - Shapes: `numbers` is `[microBatch, width]`.
  func copyOutputs(
    of batch: MicroBatch, to numbers: UnsafeMutableBufferPointer<Float>
  ) {
    let stride = numbers.count / microBatch
    var start = 0
    for output in [logits, affect, embedding] {
      guard let output else { continue }
      let width = output.count / microBatch
      for row in 0..<microBatch where batch.weights[row] > 0 {
        for index in 0..<width {
          numbers[row * stride + start + index] = output[row * width + index]
        }
      }
      start += width
    }
  }

  /// Runs over a list. Collective.
  ///
  /// - Parameters:
  ///   - rows: of the list; nil for all.
  ///   - isStopRequested: asked before each round, on all ranks; collective.
  ///   - take: hears of each micro-batch of this rank, whose outputs are there.
  /// - Returns: the images that could not be used, the same on all ranks; nil when a stop was requested.
  func run(
    over manifest: FaceManifest, rows: Range<Int>? = nil, isStopRequested: () throws -> Bool,
    take: (MicroBatch) -> Void
  ) throws -> [SampleProblem]? {
    try rounds.run(
      samples: rows ?? manifest.records.indices, isStopRequested: isStopRequested,
      makeLoader: { try loader(over: manifest, requests: $0) }, take: take)
  }

  /// Starts to load micro-batches of a list, as evaluation sees samples.
  ///
  /// - Throws: `DatasetError.setting`, `MediaError.codec`.
  func loader(
    over manifest: FaceManifest, requests: [MicroBatchRequest]
  ) throws -> BatchLoader {
    try BatchLoader(
      manifest: manifest, augmentation: settings.augmentation, mode: .evaluation,
      requests: requests, seed: 0, microBatch: settings.microBatch, workers: settings.workers,
      queueDepth: settings.queueBatches, format: format, onError: settings.onError)
  }

  /// What all ranks have, by rank. Collective.
  func gather(_ own: [UInt8]) throws -> [[UInt8]] { try rounds.gather(own) }

  /// What ranks have of each of their micro-batches, put into the order of the list. Collective.
  ///
  /// - Parameter own: as many numbers for each micro-batch.
  func gather(_ own: [[Float]]) throws -> [[Float]] { try rounds.gather(own) }

  /// Runs a loader's next micro-batch, whose samples are in the format of the plan; nil after the last.
  func runNext(of loader: BatchLoader) throws -> MicroBatch? { try rounds.runNext(of: loader) }

  /// How the plan reads samples.
  var format: SampleFormat { rounds.format }
}
