import CounterRandom
import Distributed
import Foundation
import Nets

/// How long a training step takes on random samples, without loading them: all that training does
/// from one step boundary to the next. One micro-batch a rank.
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
  /// Whether to measure each kernel as well.
  public var profiles: Bool
  /// Parts of the model that are frozen, as `optimizer.freeze` has them.
  public var frozen: [String]
  /// How gradients are summed over ranks.
  public var reduction: ReductionAlgorithm
  /// Whether that goes on beside the backward pass.
  public var overlap: OverlapChoice
  /// The largest bucket, in MiB; nil for what is measured.
  public var bucketMebibytes: Int?
  /// What gradients travel as.
  public var wire: WireFormat
  /// Groups whose sums are rounded; nil for one a node, on a single node one a rank.
  public var groups: Int?

  /// What is printed. The names are those of the JSON object.
  public struct Result: Codable, Sendable {
    var model: String
    var precision: String
    var ranks: Int
    var threads: Int
    var batchPerRank: Int
    /// Nil for a network that hears.
    var imageSize: Int?
    /// The median over the steps, of each the time of the slowest rank.
    var stepMilliseconds: Double
    var imagesPerSecond: Double
    /// What went into sums that nothing was computed beside, the median over the steps, on the rank that waited least:
    /// what others waited longer, they waited for a slower rank.
    var exposedMilliseconds: Double
    /// Whether gradients were summed beside the backward pass, and in how many buckets.
    var overlaps: Bool
    var buckets: Int
    /// What rank 0 sends in messages for a step's gradients; nothing where ranks share memory.
    var sentMebibytes: Double
    /// The largest resident set of any rank.
    var peakMemoryMebibytes: Double
    /// From the start of the slowest process to the end of its first step.
    var firstStepSeconds: Double

    enum CodingKeys: String, CodingKey {
      case model, precision, ranks, threads
      case batchPerRank = "batch_per_rank"
      case imageSize = "image_size"
      case overlaps, buckets
      case sentMebibytes = "sent_mib_per_step"
      case stepMilliseconds = "step_ms_median"
      case exposedMilliseconds = "exposed_communication_ms"
      case imagesPerSecond = "images_per_second"
      case peakMemoryMebibytes = "peak_memory_mib_per_rank"
      case firstStepSeconds = "seconds_to_first_step"
    }
  }

  /// A benchmark with every setting given.
  public init(
    model: ModelDescription, batchPerRank: Int, precision: Precision, steps: Int, threads: Int,
    profiles: Bool = false, frozen: [String] = [], reduction: ReductionAlgorithm = .exact,
    overlap: OverlapChoice = .auto, bucketMebibytes: Int? = nil,
    wire: WireFormat = .float32, groups: Int? = nil
  ) {
    self.model = model
    self.batchPerRank = batchPerRank
    self.precision = precision
    self.steps = steps
    self.threads = threads
    self.profiles = profiles
    self.frozen = frozen
    self.reduction = reduction
    self.overlap = overlap
    self.bucketMebibytes = bucketMebibytes
    (self.wire, self.groups) = (wire, groups)
  }

  fileprivate func communication(_ communicator: Communicator) throws -> CommunicationSection {
    let ranks = communicator.worldSize
    if wire == .bfloat16, reduction == .vendor {
      throw TrainerError.usage("--wire bfloat16: MPI's own sum knows float32 only")
    }
    if let groups, !MicroBatchTree.worldSizes(fitting: ranks).contains(groups) {
      throw TrainerError.usage("--groups \(groups): \(ranks) ranks are 1, 2, 4, … groups")
    }
    var section = CommunicationSection()
    section.overlap = overlap
    section.bucketMebibytes = bucketMebibytes
    section.wire = wire
    if wire == .bfloat16 { section.groups = groups ?? usualGroups(communicator) }
    return section
  }

  private func usualGroups(_ communicator: Communicator) -> Int {
    let nodes = communicator.nodes
    let arePossible = nodes > 1 && nodes.nonzeroBitCount == 1
    return arePossible ? nodes : communicator.worldSize
  }

  /// Measures on all ranks. Collective.
  ///
  /// - Returns: the result, and where asked for what rank 0's kernels take, as a table in Markdown.
  /// - Throws: `TrainerError.agreed` where the model cannot be built; kernel and MPI errors.
  public func run(job: Job) throws -> (result: Result, profile: String?) {
    job.warnOfSlowKernels(precision: precision)
    let step = try job.agreement.together {
      try Engine.configure(threads: threads)
      return try BenchmarkStep(self, job: job)
    }
    let waited = { job.timeline.seconds(in: .reduction) }
    var (waits, sentBefore): ([Double], Int) = ([], 0)
    let runs = try TimedRuns(
      steps, job: job, begin: { (waits, sentBefore) = ([], step.reducer.bytesSent) }
    ) {
      let before = waited()
      try step.run()
      waits.append(waited() - before)
    }
    let sent = Double(step.reducer.bytesSent - sentBefore) / Double(steps << 20)
    let least = -(try job.maximum([-waits.median])[0])
    let result = result(
      runs, step.step, exposed: least, sent: sent, ranks: job.communicator.worldSize)
    // On all ranks, so that they leave each other as much of the machine as in training.
    return (
      result,
      profiles
        ? StepProfileTable(try step.profile(steps: steps), stepSeconds: runs.median).text : nil
    )
  }

  /// The network as a classifier.
  ///
  /// - Throws: `TrainerError.usage` where what is frozen is no part of it, or all of it.
  fileprivate func graph() throws -> Graph {
    var network = try model.network()
    try network.addClassificationLoss()
    let names = network.graph.parameters.map(\.name)
    if let unknown = frozen.first(where: { part in !names.contains { $0.isOrIsBelow(part) } }) {
      throw TrainerError.usage("--freeze \(unknown): the model has no such part")
    }
    let freezes = { (name: String) in frozen.contains(where: name.isOrIsBelow) }
    guard !names.allSatisfy(freezes) else {
      throw TrainerError.usage("--freeze leaves no parameter that could be trained")
    }
    network.graph.freeze(where: freezes)
    return network.graph
  }

  private func result(
    _ runs: TimedRuns, _ step: TrainingStep, exposed: Double, sent: Double, ranks: Int
  ) -> Result {
    Result(
      model: model.name.rawValue, precision: precision.rawValue, ranks: ranks, threads: threads,
      batchPerRank: batchPerRank, imageSize: model.name.isVisual ? model.imageSize : nil,
      stepMilliseconds: TimedRuns.rounded(runs.median * 1000),
      imagesPerSecond: TimedRuns.rounded(Double(batchPerRank * ranks) / runs.median),
      exposedMilliseconds: TimedRuns.rounded(exposed * 1000), overlaps: step.exchange.overlaps,
      buckets: step.buckets.ranges.count, sentMebibytes: TimedRuns.rounded(sent),
      peakMemoryMebibytes: TimedRuns.rounded(runs.peakMemoryMebibytes),
      firstStepSeconds: TimedRuns.rounded(runs.first))
  }
}

/// One training step on the same random samples again and again.
private struct BenchmarkStep {
  let step: TrainingStep
  let reducer: GradientReducer

  init(_ benchmark: StepBenchmark, job: Job) throws {
    let communicator = job.communicator
    // One micro-batch a rank: numbers of ranks that are not powers of two are refused here, where the sum is exact.
    let tree = try MicroBatchTree(
      microBatches: communicator.worldSize, rank: communicator.rank,
      worldSize: communicator.worldSize, algorithm: benchmark.reduction)
    let draft = try TrainingPlanDraft(
      graph: benchmark.graph(), microBatch: benchmark.batchPerRank,
      precision: benchmark.precision, pixels: .asRead)
    let memory = try GradientMemory(communicator: communicator, count: draft.slotLayout.count)
    let plan = try TrainingPlan(draft, gradientSlots: tree.slotCount, first: memory.values)
    try plan.parameters.initialize(seed: 1)
    try plan.refreshWeights()
    let sums = try job.makeExchange(
      of: plan, in: memory, algorithm: benchmark.reduction,
      benchmark.communication(communicator), threads: benchmark.threads)
    reducer = sums.reducer
    step = TrainingStep(
      plan: plan, tree: tree, exchange: sums.exchange, buckets: sums.buckets,
      optimizer: RuledOptimizer(
        SGD(momentum: 0.9, nesterov: true, weightDecay: 1e-4), count: plan.parameters.trainedCount,
        tensors: UpdateRange.each(of: plan.parameters.parameters)),
      agreement: job.agreement, timeline: job.timeline, microBatch: benchmark.batchPerRank,
      microBatches: communicator.worldSize, seed: 1)
    try fillWithRandomSamples(of: benchmark.model, rank: communicator.rank)
  }

  private func fillWithRandomSamples(of model: ModelDescription, rank: Int) throws {
    let arrays = try ClassifierArrays(step.plan)
    let samples = try step.plan.pixels(input: model.name.input)
    var random = CounterRandom(seed: 1, index: rank, purpose: .syntheticFace)
    samples.fill { random.uniform(in: -2...2) }
    for sample in 0..<step.microBatch {
      arrays.labels[sample] = Int32(random.integer(below: model.classes))
      arrays.weights[sample] = 1
    }
  }

  func profile(steps: Int) throws -> [StepProfile] {
    try step.plan.profile(slot: 0, repetitions: steps)
  }

  /// What training does from one step boundary to the next, but for loading samples. Collective.
  func run() throws {
    step.timeline.activity = .step(1)
    _ = try step.agreement.any([])
    // A rate that moves nothing away from where the numbers are ordinary.
    try step.run(number: 1, learningRate: 1e-3) {}
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
