import CounterRandom
import Distributed
import Foundation
import Nets

/// How long evaluation takes for a batch of random samples, without loading them. Each rank has a
/// batch of its own.
public struct InferenceBenchmark: Sendable {
  /// The network and its input.
  public var model: ModelDescription
  /// Samples of a rank in a run.
  public var batch: Int
  /// Number format of activations.
  public var precision: Precision
  /// Runs that are timed.
  public var steps: Int
  /// Kernel threads of a rank.
  public var threads: Int
  /// Whether to measure each kernel as well.
  public var profiles: Bool

  /// What is printed. The names are those of the JSON object.
  public struct Result: Codable, Sendable {
    var model: String
    var precision: String
    var ranks: Int
    var threads: Int
    var batch: Int
    /// Nil for a network that hears.
    var imageSize: Int?
    /// The median over the runs, of each the time of the slowest rank.
    var batchMilliseconds: Double
    var imagesPerSecond: Double
    /// The largest resident set of any rank.
    var peakMemoryMebibytes: Double
    /// From the start of the slowest process to the end of its first run.
    var firstBatchSeconds: Double

    enum CodingKeys: String, CodingKey {
      case model, precision, ranks, threads
      case batch = "batch_per_rank"
      case imageSize = "image_size"
      case batchMilliseconds = "batch_ms_median"
      case imagesPerSecond = "images_per_second"
      case peakMemoryMebibytes = "peak_memory_mib_per_rank"
      case firstBatchSeconds = "seconds_to_first_batch"
    }
  }

  /// A benchmark with every setting given.
  public init(
    model: ModelDescription, batch: Int, precision: Precision, steps: Int, threads: Int,
    profiles: Bool = false
  ) {
    self.model = model
    self.batch = batch
    self.precision = precision
    self.steps = steps
    self.threads = threads
    self.profiles = profiles
  }

  /// Measures on all ranks. Collective.
  ///
  /// - Returns: the result, and where asked for what rank 0's kernels take, as a table in Markdown.
  /// - Throws: `TrainerError.agreed` where the model cannot be built; kernel and MPI errors.
  public func run(job: Job) throws -> (result: Result, profile: String?) {
    job.warnOfSlowKernels(precision: precision)
    let plan = try job.agreement.together { try makePlan(rank: job.rank) }
    let runs = try TimedRuns(steps, job: job) { try plan.run() }
    let result = result(runs, ranks: job.communicator.worldSize)
    return (
      result,
      profiles
        ? StepProfileTable(try plan.profile(repetitions: steps), stepSeconds: runs.median).text
        : nil
    )
  }

  private func makePlan(rank: Int) throws -> InferencePlan {
    try Engine.configure(threads: threads)
    let store = try ParameterStore(inferenceFor: model)
    try store.initialize(seed: 1)
    let plan = try InferencePlan(
      model: model, batch: batch, precision: precision, parameters: store, pixels: .asRead)
    let samples = try plan.pixels(input: model.name.input)
    var random = CounterRandom(seed: 1, index: rank, purpose: .syntheticFace)
    samples.fill { random.uniform(in: -2...2) }
    return plan
  }

  private func result(_ runs: TimedRuns, ranks: Int) -> Result {
    Result(
      model: model.name.rawValue, precision: precision.rawValue, ranks: ranks, threads: threads,
      batch: batch, imageSize: model.name.isVisual ? model.imageSize : nil,
      batchMilliseconds: TimedRuns.rounded(runs.median * 1000),
      imagesPerSecond: TimedRuns.rounded(Double(batch * ranks) / runs.median),
      peakMemoryMebibytes: TimedRuns.rounded(runs.peakMemoryMebibytes),
      firstBatchSeconds: TimedRuns.rounded(runs.first))
  }
}
