import Datasets
import Nets

/// Runs a plan over many samples, spread over the ranks.
///
/// A round is a micro-batch a rank, and rank r takes micro-batch r of it: other numbers of ranks see
/// the same micro-batches, and what ranks gathered, round by round, is in the order of the samples.
final class InferenceRounds {
  let job: Job
  /// Samples of a micro-batch.
  let microBatch: Int
  private let plan: InferencePlan
  /// What the loader fills.
  private let pixels: PixelArray
  /// How the plan reads samples.
  var format: SampleFormat { SampleFormat(pixels.format) }
  private let onError: ErrorPolicy

  /// - Parameters:
  ///   - plan: its batch is a micro-batch.
  ///   - input: the plan's input that the loader fills.
  ///   - onError: what happens to samples that cannot be used.
  /// - Throws: `NetsError.unknownArray`.
  init(plan: InferencePlan, input: String, microBatch: Int, onError: ErrorPolicy, job: Job) throws {
    self.plan = plan
    self.microBatch = microBatch
    self.onError = onError
    self.job = job
    pixels = try plan.pixels(input: input)
  }

  /// Runs over samples. Collective.
  ///
  /// - Parameters:
  ///   - isStopRequested: asked before each round, on all ranks; collective.
  ///   - makeLoader: starts loading this rank's micro-batches, in the plan's `format`.
  ///   - take: hears of each micro-batch of this rank, whose outputs are there.
  /// - Returns: the samples that could not be used, the same on all ranks; nil when a stop was requested.
  func run(
    samples: Range<Int>, isStopRequested: () throws -> Bool,
    makeLoader: ([MicroBatchRequest]) throws -> BatchLoader, take: (MicroBatch) -> Void
  ) throws -> [SampleProblem]? {
    let rounds = try EvaluationPlan(
      samples: samples, microBatch: microBatch,
      microBatchesPerStep: job.communicator.worldSize)
    let loader = try makeLoader(rounds.requests(leaves: job.rank..<job.rank + 1))
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
      try skipped.add(problems, policy: onError)
    }
    return problems
  }

  /// What all ranks have, by rank. Collective.
  func gather(_ own: [UInt8]) throws -> [[UInt8]] { try job.communicator.allGather(own) }

  /// What ranks have of each of their micro-batches, put into the order of the samples. Collective.
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
    guard let batch = try loader.next(into: pixels.bytes) else { return nil }
    // Micro-batches of nothing but padding happen on the last ranks of the last round.
    if batch.weights.contains(where: { $0 > 0 }) { try plan.run() }
    return batch
  }
}
