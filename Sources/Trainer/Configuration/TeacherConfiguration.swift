import Distributed
import Nets

/// The configuration of `aver-train teacher`.
struct TeacherConfiguration: ConfigurationSection {
  /// Seed of everything random.
  var seed: UInt64 = 1
  /// Number format of activations and of the weights that kernels read.
  var precision = Precision.f32
  /// Kernel threads of each rank.
  var threads = 1
  /// What is trained.
  var model = ModelSection()
  /// On which samples.
  var data = DataSection()
  /// How many of them a step takes.
  var batch = BatchSection()
  /// How long.
  var train = TrainSection()
  /// How weights follow gradients.
  var optimizer = OptimizerSection()
  /// The learning rate over time.
  var schedule = ScheduleSection()
  /// What survives an interruption.
  var checkpoint = CheckpointSection()
  /// How often the validation set is looked at.
  var evaluation = EvaluationSection()
  /// How often metrics are written.
  var logging = LoggingSection()
  /// How gradients are summed over ranks.
  var reduction = ReductionAlgorithm.exact

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey("seed", \.seed, "Seed of everything random."),
      ConfigurationKey(
        "precision", \.precision, "Number format of activations; master weights are f32."),
      ConfigurationKey(
        "threads", \.threads, "Kernel threads of each rank; another number gives other bits.",
        must: .oneTo(1024)),
      ConfigurationKey(
        "reduction", \.reduction, "exact: the same bits on any number of ranks; vendor: MPI's own."),
    ] + section("model", \.model) + section("data", \.data) + section("batch", \.batch)
      + section("train", \.train) + section("optimizer", \.optimizer)
      + section("schedule", \.schedule) + section("checkpoint", \.checkpoint)
      + section("evaluation", \.evaluation) + section("logging", \.logging)
  }

  /// Reads and checks a configuration.
  ///
  /// - Parameters:
  ///   - file: a YAML file.
  ///   - overrides: `key=value` arguments, which win over the file.
  /// - Throws: `TrainerError.configuration` with every mistake that was found.
  static func load(
    file: String, overrides: [String] = []
  ) throws -> LoadedConfiguration<TeacherConfiguration> {
    let loaded = try ConfigurationReader<TeacherConfiguration>.load(
      file: file, overrides: overrides)
    let mistakes = loaded.contradictions()
    guard mistakes.isEmpty else { throw TrainerError.configuration(mistakes) }
    return loaded
  }
}

extension LoadedConfiguration<TeacherConfiguration> {
  /// Values that are possible alone but not together.
  func contradictions() -> [ConfigurationMistake] {
    [batchMistake(), nesterovMistake(), warmupMistake()].compactMap { $0 }
  }

  private func batchMistake() -> ConfigurationMistake? {
    let batch = values.batch
    guard batch.global % batch.micro != 0 else { return nil }
    let divisors = (1...batch.global).filter { batch.global % $0 == 0 }
    let nearest = divisors.sorted { abs($0 - batch.micro) < abs($1 - batch.micro) }.prefix(3)
    return mistake(
      origins["batch.micro"] == nil ? "batch.global" : "batch.micro",
      "batch.micro \(batch.micro) does not divide batch.global \(batch.global); "
        + "micro-batches that do: \(nearest.sorted().map(String.init).joined(separator: ", "))")
  }

  private func nesterovMistake() -> ConfigurationMistake? {
    let optimizer = values.optimizer
    guard optimizer.name == .sgd, optimizer.nesterov, optimizer.momentum == 0 else { return nil }
    return mistake(
      "optimizer.momentum", "Nesterov's method needs momentum; set optimizer.nesterov to false")
  }

  private func warmupMistake() -> ConfigurationMistake? {
    let tooLong =
      switch values.schedule.warmup {
      case .epochs(let count): count > values.train.epochs
      case .steps(let count): count > values.train.maximumSteps ?? .max
      }
    return tooLong
      ? mistake("schedule.warmup", "the warm-up is longer than the training it belongs to") : nil
  }
}
