import CVectorKernels
import CounterRandom
import Distributed
import Foundation
import Nets

/// How long a training step takes on random samples, without loading them: forward, backward,
/// reduction and update. One micro-batch a rank.
public struct StepBenchmark: Sendable {
  /// The network and its input.
  public var model: ModelDescription
  /// Samples of a rank in a step.
  public var batchPerRank: Int
  /// Number format of activations.
  public var precision: Precision
  /// Steps that are timed.
  public var steps: Int
  /// Kernel threads of a rank.
  public var threads: Int
  /// Steps before those that are timed.
  private static let warmupSteps = 3

  /// What is printed. The names are those of the JSON object.
  public struct Result: Codable, Sendable {
    var model: String
    var precision: String
    var ranks: Int
    var threads: Int
    var batchPerRank: Int
    var imageSize: Int
    /// The median over the steps, of each the time of the slowest rank.
    var stepMilliseconds: Double
    var imagesPerSecond: Double
    /// The largest resident set of any rank.
    var peakMemoryMebibytes: Double
    /// From the start of the slowest process to the end of its first step.
    var firstStepSeconds: Double

    enum CodingKeys: String, CodingKey {
      case model, precision, ranks, threads
      case batchPerRank = "batch_per_rank"
      case imageSize = "image_size"
      case stepMilliseconds = "step_ms_median"
      case imagesPerSecond = "images_per_second"
      case peakMemoryMebibytes = "peak_memory_mib_per_rank"
      case firstStepSeconds = "seconds_to_first_step"
    }
  }

  /// A benchmark with every setting given.
  public init(
    model: ModelDescription, batchPerRank: Int, precision: Precision, steps: Int, threads: Int
  ) {
    self.model = model
    self.batchPerRank = batchPerRank
    self.precision = precision
    self.steps = steps
    self.threads = threads
  }

  /// Measures on all ranks. Collective.
  ///
  /// - Throws: `TrainerError.agreed` where the model cannot be built; kernel and MPI errors.
  public func run(job: Job) throws -> Result {
    let step = try job.agreement.together {
      try Engine.configure(threads: threads)
      return try BenchmarkStep(self, communicator: job.communicator)
    }
    try step.run()
    let first = ProcessFacts.secondsSinceStart()
    for _ in 1..<Self.warmupSteps { try step.run() }
    let times = try (0..<steps).map { _ in
      try job.communicator.barrier()
      let start = ContinuousClock.now
      try step.run()
      return start.duration(to: .now) / .seconds(1)
    }
    let own = times + [first, ProcessFacts.peakMemoryMebibytes()]
    let slowest = try job.maximum(own)
    return result(
      seconds: AllReduceBenchmark.median(of: Array(slowest.prefix(steps))),
      first: slowest[steps], memory: slowest[steps + 1], ranks: job.communicator.worldSize)
  }

  private func result(seconds: Double, first: Double, memory: Double, ranks: Int) -> Result {
    func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
    return Result(
      model: model.name.rawValue, precision: precision.rawValue, ranks: ranks, threads: threads,
      batchPerRank: batchPerRank, imageSize: model.imageSize,
      stepMilliseconds: rounded(seconds * 1000),
      imagesPerSecond: rounded(Double(batchPerRank * ranks) / seconds),
      peakMemoryMebibytes: rounded(memory), firstStepSeconds: rounded(first))
  }
}

/// One training step on the same random samples again and again.
private struct BenchmarkStep {
  let plan: TrainingPlan
  let reducer: GradientReducer
  let optimizer: SGD
  let microBatch: Int
  let ranks: Int

  init(_ benchmark: StepBenchmark, communicator: Communicator) throws {
    microBatch = benchmark.batchPerRank
    ranks = communicator.worldSize
    plan = try TrainingPlan(
      model: benchmark.model, microBatch: microBatch, precision: benchmark.precision,
      gradientSlots: 1)
    try plan.parameters.initialize(seed: 1)
    try plan.refreshWeights()
    reducer = try GradientReducer(
      communicator: communicator, algorithm: .exact,
      buckets: plan.buckets(capacityBytes: GradientReducer.bucketBytes),
      count: plan.slotLayout.count)
    optimizer = SGD(
      count: plan.parameters.elementCount, ranges: DecayRange.covering(plan.parameters.parameters),
      momentum: 0.9, nesterov: true, weightDecay: 1e-4)
    var random = CounterRandom(seed: 1, index: communicator.rank, purpose: .syntheticFace)
    for index in plan.images.indices { plan.images[index] = random.uniform(in: -2...2) }
    for sample in 0..<microBatch {
      plan.labels[sample] = Int32(random.integer(below: benchmark.model.classes))
      plan.sampleWeights[sample] = 1
    }
  }

  func run() throws {
    let slot = plan.slot(0)
    let layout = plan.slotLayout
    try plan.run(slot: 0, lossScale: 1 / Float(microBatch))
    try reducer.allReduce(slot)
    // A rate that moves nothing away from where the numbers are ordinary.
    optimizer.update(
      plan.parameters.values, gradients: UnsafeBufferPointer(rebasing: slot[layout.gradients]),
      gradientScale: 1 / Double(ranks), learningRate: 1e-3, step: 1)
    try plan.refreshWeights()
  }
}

extension Job {
  /// The largest value that any rank has at each place. Collective.
  func maximum(_ values: [Double]) throws -> [Double] {
    try communicator.allGather(ByteCoding.bytes(of: values)).reduce(values) { largest, bytes in
      let others: [Double] = ByteCoding.values(in: bytes[...])
      return zip(largest, others).map(max)
    }
  }
}

extension GradientReducer {
  /// Bytes of a bucket: as PyTorch's DDP has them, large enough for full bandwidth, small enough to
  /// begin early.
  static let bucketBytes = 25 << 20
}
