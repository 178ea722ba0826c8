import Datasets
import Nets

/// Evaluates an expression classifier on a list of faces, spread over the ranks.
final class ClassificationEvaluator {
  private let job: Job
  private let manifest: FaceManifest
  private let data: EvaluationData
  private let plan: InferencePlan
  private let images: PixelArray
  private let logits: UnsafeMutableBufferPointer<Float>
  private let rounds: EvaluationPlan

  /// How samples are loaded for an evaluation.
  struct EvaluationData {
    var augmentation: Augmentation
    var microBatch: Int
    var workers: Int
    var queueBatches: Int
    var onError: ErrorPolicy
  }

  /// An evaluator of the model whose weights are `parameters`, as they are when it runs.
  ///
  /// - Throws: `NetsError` where the model does not fit, `DatasetError.setting`.
  init(
    manifest: FaceManifest, data: EvaluationData, model: ModelDescription, precision: Precision,
    parameters: ParameterStore, job: Job
  ) throws {
    self.job = job
    self.manifest = manifest
    self.data = data
    plan = try InferencePlan(
      model: model, batch: data.microBatch, precision: precision, parameters: parameters,
      pixels: .asRead)
    images = try plan.pixels(input: "images")
    logits = try plan.output("logits")
    // A round is one micro-batch a rank. Other numbers of ranks see the same micro-batches.
    rounds = try EvaluationPlan(
      sampleCount: manifest.records.count, microBatch: data.microBatch,
      microBatchesPerStep: job.communicator.worldSize)
  }

  /// Rows of the list that could not be used.
  var rowsLeftOut: Int { manifest.problems.count }

  /// Runs over the whole list. Collective.
  ///
  /// - Parameter isStopRequested: asked before each round, on all ranks; collective.
  /// - Returns: the report, the same on all ranks; nil when a stop was requested.
  func evaluate(isStopRequested: () throws -> Bool) throws -> ClassificationReport? {
    try plan.refreshWeights()
    let loader = try makeLoader()
    var tally = ClassificationTally()
    var failure: DatasetError?
    for _ in 0..<rounds.steps {
      if try isStopRequested() { return nil }
      // A rank without samples still asks with the others whether to stop.
      if failure == nil { failure = try addNext(of: loader, to: &tally) }
    }
    try job.agreement.together { if let failure { throw failure } }
    let problems = try job.gather(loader.takeProblems())
    try job.throwingAlike {
      var skipped = SkippedSamples()
      try skipped.add(problems, policy: data.onError)
    }
    let parts = try job.communicator.allGather(tally.bytes)
    return ClassificationTally.report(
      parts.map(ClassificationTally.init(bytes:)), problems: problems)
  }

  /// Adds the loader's next micro-batch.
  ///
  /// - Returns: why there is none.
  private func addNext(
    of loader: BatchLoader, to tally: inout ClassificationTally
  ) throws -> DatasetError? {
    do {
      guard let batch = try loader.next(into: images.bytes) else { return nil }
      // Micro-batches of nothing but padding happen on the last ranks of the last round.
      if batch.weights.contains(where: { $0 > 0 }) { try plan.run() }
      tally.add(
        logits: UnsafeBufferPointer(logits), labels: batch.labels, weights: batch.weights)
      return nil
    } catch let failure as DatasetError {
      return failure
    }
  }

  private func makeLoader() throws -> BatchLoader {
    let rank = job.rank
    return try BatchLoader(
      manifest: manifest, augmentation: data.augmentation, mode: .evaluation,
      requests: rounds.requests(leaves: rank..<rank + 1), seed: 0, microBatch: data.microBatch,
      workers: data.workers, queueDepth: data.queueBatches, format: SampleFormat(images.format),
      onError: data.onError)
  }
}
