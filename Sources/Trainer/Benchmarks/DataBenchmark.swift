import Datasets
import Distributed

/// How fast samples are decoded and augmented, without a training that takes them:
/// `aver-train benchmark data`.
public struct DataBenchmark: Sendable {
  /// The configuration of the training that is asked about.
  public var configurationFile: String
  /// `key=value` arguments, which win over the file.
  public var overrides: [String]
  /// About how long to measure.
  public var seconds: Double

  /// What is printed.
  public struct Result: Codable, Sendable {
    /// Over all ranks.
    var samplesPerSecond: Double
    /// Samples for each second that any of the processors worked for a rank.
    var samplesPerProcessorSecond: Double
    /// The largest resident set of a rank, its decoding threads included.
    var memoryMebibytes: Double
    var ranks: Int
    /// Decoding threads of each rank.
    var workers: Int

    enum CodingKeys: String, CodingKey {
      case samplesPerSecond = "samples_per_second"
      case samplesPerProcessorSecond = "samples_per_cpu_second"
      case memoryMebibytes = "memory_mib_per_rank"
      case ranks, workers
    }
  }

  /// A benchmark with every setting given.
  public init(configurationFile: String, overrides: [String], seconds: Double) {
    self.configurationFile = configurationFile
    self.overrides = overrides
    self.seconds = seconds
  }

  /// Measures on all ranks. Collective.
  ///
  /// - Throws: `TrainerError.agreed` where the configuration or the data cannot be used.
  public func run(job: Job) throws -> Result {
    let loaded = try job.agreement.together {
      try TeacherConfiguration.load(file: configurationFile, overrides: overrides)
    }
    let configuration = loaded.values
    let manifest = try job.agreement.manifestOfRankZero {
      try configuration.data.manifest(configuration.data.trainPath)
    }
    let loader = try job.agreement.together { try makeLoader(loaded, manifest, job: job) }
    let (size, microBatch) = (configuration.model.imageSize, configuration.batch.micro)
    let images = FlatVector(count: microBatch * size * size * 3)
    _ = try loader.next(into: images.values)
    try job.communicator.barrier()
    let start = ContinuousClock.now
    let processorStart = ProcessFacts.processorSeconds()
    var samples = 0
    while start.duration(to: .now) < .seconds(seconds), try loader.next(into: images.values) != nil
    {
      samples += microBatch
    }
    let rate = Double(samples) / (start.duration(to: .now) / .seconds(1))
    let processorRate = Double(samples) / (ProcessFacts.processorSeconds() - processorStart)
    let figures = try job.communicator.allGather(
      ByteCoding.bytes(of: [rate, processorRate, ProcessFacts.peakMemoryMebibytes()])
    ).map { ByteCoding.values(in: $0[...]) as [Double] }
    let ranks = job.communicator.worldSize
    return Result(
      samplesPerSecond: figures.reduce(0) { $0 + $1[0] },
      samplesPerProcessorSecond: figures.reduce(0) { $0 + $1[1] } / Double(ranks),
      memoryMebibytes: figures.reduce(0) { max($0, $1[2]) }, ranks: ranks,
      workers: configuration.data.workers)
  }

  private func makeLoader(
    _ loaded: LoadedConfiguration<TeacherConfiguration>, _ manifest: FaceManifest, job: Job
  ) throws -> BatchLoader {
    let (data, batch) = (loaded.values.data, loaded.values.batch)
    let epochs = try loaded.epochPlan(for: manifest)
    let tree = try MicroBatchTree(
      microBatches: batch.microBatches, rank: job.rank, worldSize: job.communicator.worldSize)
    return try BatchLoader(
      manifest: manifest,
      augmentation: data.augmentation(imageSize: loaded.values.model.imageSize),
      mode: .training, requests: epochs.requests(steps: 0..<Int.max, leaves: tree.leaves),
      seed: loaded.values.seed, microBatch: batch.micro, workers: data.workers,
      queueDepth: data.queueBatches, mixing: data.augmentation.mixing, onError: data.errorPolicy)
  }
}
