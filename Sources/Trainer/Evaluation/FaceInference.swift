import Datasets
import Nets

/// Runs a face network over lists of faces, spread over the ranks.
final class FaceInference {
  private let job: Job
  private let settings: Settings
  private let plan: InferencePlan
  private let images: PixelArray
  /// Samples of a micro-batch.
  var microBatch: Int { settings.microBatch }
  /// Of the last micro-batch, `[microBatch, classes]`.
  let logits: UnsafeMutableBufferPointer<Float>
  /// Of the last micro-batch, `[microBatch, 2]`; nil without the head.
  let affect: UnsafeMutableBufferPointer<Float>?
  /// Of the last micro-batch, `[microBatch, dimensions]`; nil without the head.
  let embedding: UnsafeMutableBufferPointer<Float>?

  /// How samples are loaded.
  struct Settings {
    var augmentation: Augmentation
    var microBatch: Int
    var workers: Int
    var queueBatches: Int
    var onError: ErrorPolicy
  }

  /// - Parameter parameters: are read when `refreshWeights` is called.
  /// - Throws: `NetsError` where the network does not fit.
  init(
    network: FaceNetwork, precision: Precision, parameters: ParameterStore, settings: Settings,
    job: Job
  ) throws {
    self.job = job
    self.settings = settings
    plan = try InferencePlan(
      graph: network.graph(), batch: settings.microBatch, precision: precision,
      parameters: parameters, pixels: .asRead)
    images = try plan.pixels(input: "images")
    logits = try plan.output("logits")
    affect = network.hasAffect ? try plan.output("affect") : nil
    embedding = network.embedding == nil ? nil : try plan.output("embedding")
  }

  /// - Parameter weights: a safetensors file of the network.
  /// - Throws: `WeightsError` and `NetsError`, naming the file and the tensor.
  convenience init(
    network: FaceNetwork, precision: Precision, weights: String, settings: Settings, job: Job
  ) throws {
    let parameters = try ParameterStore(inferenceFor: network.graph())
    try parameters.loadModel(from: try SafetensorsReader(path: weights))
    try self.init(
      network: network, precision: precision, parameters: parameters, settings: settings, job: job)
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
  /// A round is a micro-batch a rank, and rank r takes micro-batch r of it: other numbers of ranks see
  /// the same micro-batches, and what ranks gathered, round by round, is in the order of the list.
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
    let rounds = try EvaluationPlan(
      samples: rows ?? manifest.records.indices, microBatch: settings.microBatch,
      microBatchesPerStep: job.communicator.worldSize)
    let loader = try makeLoader(manifest, rounds)
    var failure: DatasetError?
    for _ in 0..<rounds.steps {
      if try isStopRequested() { return nil }
      // A rank without samples still asks with the others whether to stop.
      guard failure == nil else { continue }
      do {
        if let batch = try runNext(of: loader) { take(batch) }
      } catch let error as DatasetError {
        failure = error
      }
    }
    try job.agreement.together { if let failure { throw failure } }
    let problems = try job.gather(loader.takeProblems())
    try job.throwingAlike {
      var skipped = SkippedSamples()
      try skipped.add(problems, policy: settings.onError)
    }
    return problems
  }

  /// What all ranks have, by rank. Collective.
  func gather(_ own: [UInt8]) throws -> [[UInt8]] { try job.communicator.allGather(own) }

  /// What ranks have of each of their micro-batches, put into the order of the list. Collective.
  ///
  /// - Parameter own: as many numbers for each micro-batch.
  func gather(_ own: [[Float]]) throws -> [[Float]] {
    let parts: [[Float]] = try gather(ByteCoding.bytes(of: own.flatMap { $0 }))
      .map { ByteCoding.values(in: $0[...]) }
    let length = own.first?.count ?? 0
    return own.indices.flatMap { round in
      parts.map { Array($0[(round * length)..<((round + 1) * length)]) }
    }
  }

  /// Runs a loader's next micro-batch, whose samples are in the format of the plan; nil after the last.
  func runNext(of loader: BatchLoader) throws -> MicroBatch? {
    guard let batch = try loader.next(into: images.bytes) else { return nil }
    // Micro-batches of nothing but padding happen on the last ranks of the last round.
    if batch.weights.contains(where: { $0 > 0 }) { try plan.run() }
    return batch
  }

  /// How the plan reads samples.
  var format: SampleFormat { SampleFormat(images.format) }

  private func makeLoader(_ manifest: FaceManifest, _ rounds: EvaluationPlan) throws -> BatchLoader
  {
    let rank = job.rank
    return try BatchLoader(
      manifest: manifest, augmentation: settings.augmentation, mode: .evaluation,
      requests: rounds.requests(leaves: rank..<rank + 1), seed: 0, microBatch: settings.microBatch,
      workers: settings.workers, queueDepth: settings.queueBatches,
      format: format, onError: settings.onError)
  }
}
