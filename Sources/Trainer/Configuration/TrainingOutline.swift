import Distributed

/// What whoever starts a training has to know of its configuration.
public struct TrainingOutline: Equatable, Sendable {
  /// Kernel threads of each rank.
  public let threads: Int
  /// Micro-batches of a step: ranks have to divide them.
  public let microBatches: Int
  /// Samples of a step.
  public let globalBatch: Int
  /// Passes over the training set, at most.
  public let epochs: Int
  /// Updates after which the training ends at the latest; nil where only epochs are counted.
  public let maximumSteps: Int?
  /// Seed of everything random.
  public let seed: UInt64
  /// The numbers that models are compared by.
  package let metrics: [EvaluationMetric]
  /// The values of the keys that decide the trained weights, by dotted key.
  package let decidingValues: [String: String]

  /// Reads and checks a configuration as the stage does, but for files and what this machine can do: the
  /// training will run elsewhere, and later.
  ///
  /// - Parameters:
  ///   - stage: the stage.
  ///   - file: a YAML file.
  ///   - overrides: `key=value` arguments, which win over the file.
  ///   - ranks: how many ranks there will be.
  /// - Throws: `TrainerError.configuration`.
  public init(
    of stage: StageName, file: String, overrides: [String], ranks: (TrainingOutline) -> Int
  ) throws {
    self =
      switch stage {
      case .teacher:
        try Self(TeacherConfiguration.load(file: file, overrides: overrides), ranks: ranks)
      case .distill:
        try Self(DistillConfiguration.load(file: file, overrides: overrides), ranks: ranks)
      case .audio:
        try Self(AudioConfiguration.load(file: file, overrides: overrides), ranks: ranks)
      case .fusion:
        try Self(FusionConfiguration.load(file: file, overrides: overrides), ranks: ranks)
      }
  }

  private init<Root: StageConfiguration>(
    _ loaded: LoadedConfiguration<Root>, ranks: (TrainingOutline) -> Int
  ) throws {
    threads = loaded.values.threads
    microBatches = loaded.values.batch.microBatches
    globalBatch = loaded.values.batch.global
    epochs = loaded.values.train.epochs
    maximumSteps = loaded.values.train.maximumSteps
    seed = loaded.values.seed
    metrics = loaded.values.metrics
    decidingValues = loaded.values.identityValues
    try loaded.requireRanks(ranks(self))
  }
}
