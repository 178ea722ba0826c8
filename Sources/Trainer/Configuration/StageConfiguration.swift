import Distributed
import Nets

/// The keys that every stage's configuration has.
struct CommonSections: Equatable, Sendable {
  /// The stage that the configuration is for.
  var stage: StageName
  /// Seed of everything random.
  var seed: UInt64 = 1
  /// Number format of activations and of the weights that kernels read.
  var precision = Precision.f32
  /// Kernel threads of each rank.
  var threads = 1
  /// How gradients are summed over ranks.
  var reduction = ReductionAlgorithm.exact
  /// When they are summed.
  var communication = CommunicationSection()
  /// How long ranks wait for each other.
  var watchdog = WatchdogSection()
  /// How many samples a step takes.
  var batch = BatchSection()
  /// How long.
  var train = TrainSection()
  /// How weights follow gradients.
  var optimizer = OptimizerSection()
  /// The moving average of the weights.
  var average = AverageSection()
  /// The learning rate over time.
  var schedule = ScheduleSection()
  /// What survives an interruption.
  var checkpoint = CheckpointSection()
  /// How often the validation set is looked at.
  var evaluation = EvaluationSection()
  /// Which model is kept.
  var best = BestSection()
  /// An end before the last epoch.
  var earlyStopping = EarlyStoppingSection()
  /// How often metrics are written.
  var logging = LoggingSection()

  /// The defaults.
  init(stage: StageName) { self.stage = stage }
}

/// A stage's configuration: the common sections, whose keys stand beside its own, and are read as if
/// they were its own properties (`configuration.batch.global`).
@dynamicMemberLookup
protocol StageConfiguration: ConfigurationSection {
  /// The keys that all stages have.
  var common: CommonSections { get set }
  /// The numbers of the stage's evaluation that models can be compared by; the first is compared by
  /// where none is named.
  var metrics: [EvaluationMetric] { get }
  /// What the names of the parameters behind the backbone begin with.
  var heads: [String] { get }
  /// The keys that decide what an evaluation finds, beyond those that decide the weights: where
  /// evaluations steer a training, they decide the weights as well.
  static var evaluationKeys: [String] { get }
  /// Whether what evaluations find decides the trained weights, or what is made of them next.
  var isSteered: Bool { get }
  /// Sets what a configuration leaves open and another run decides.
  static func complete(_ loaded: inout LoadedConfiguration<Self>)
  /// Mistakes in how values go together, beyond those that all stages have in common.
  static func contradictions(in loaded: LoadedConfiguration<Self>) -> [ConfigurationMistake]
}

extension StageConfiguration {
  subscript<Value>(dynamicMember path: WritableKeyPath<CommonSections, Value>) -> Value {
    get { common[keyPath: path] }
    set { common[keyPath: path] = newValue }
  }

  static var evaluationKeys: [String] { [] }

  static func complete(_ loaded: inout LoadedConfiguration<Self>) {}

  static func contradictions(in loaded: LoadedConfiguration<Self>) -> [ConfigurationMistake] { [] }

  /// The common keys that come before a stage's own.
  static var generalKeys: [ConfigurationKey<Self>] {
    let own = Self().common.stage
    return [
      ConfigurationKey(
        "stage", \.common.stage, "The command that the file is for.",
        must: Requirement(words: "\(own), the stage of this command") { $0 == own },
        changesResult: false),
      ConfigurationKey("seed", \.common.seed, "Seed of everything random."),
      ConfigurationKey(
        "precision", \.common.precision, "Number format of activations; master weights are f32."),
      ConfigurationKey(
        "threads", \.common.threads,
        "Kernel threads of each rank; another number gives other bits.", must: .oneTo(1024)),
      ConfigurationKey(
        "reduction", \.common.reduction,
        "exact: the same bits on any number of ranks; vendor: MPI's own."),
    ]
  }

  /// The common keys that come after a stage's own.
  static var trainingKeys: [ConfigurationKey<Self>] {
    section("batch", \.common.batch) + section("train", \.common.train)
      + section("optimizer", \.common.optimizer) + section("ema", \.common.average)
      + section("schedule", \.common.schedule)
      + section("checkpoint", \.common.checkpoint) + section("evaluation", \.common.evaluation)
      + section("best", \.common.best) + section("early_stopping", \.common.earlyStopping)
      + section("logging", \.common.logging)
      + section("communication", \.common.communication)
      + section("watchdog", \.common.watchdog)
  }

  /// Reads and checks a configuration.
  ///
  /// - Parameters:
  ///   - file: a YAML file.
  ///   - overrides: `key=value` arguments, which win over the file.
  /// - Throws: `TrainerError.configuration` with every mistake that was found.
  static func load(
    file: String, overrides: [String] = []
  ) throws -> LoadedConfiguration<Self> {
    var loaded = try ConfigurationReader<Self>.load(file: file, overrides: overrides)
    complete(&loaded)
    // Nothing is rounded then, and no number of groups makes another training of it.
    if loaded.values.communication.wire == .float32 { loaded.values.communication.groups = nil }
    let mistakes = loaded.commonContradictions() + contradictions(in: loaded)
    guard mistakes.isEmpty else { throw TrainerError.configuration(mistakes) }
    return loaded
  }
}

extension LoadedConfiguration where Root: StageConfiguration {
  /// Values that are possible alone but not together.
  fileprivate func commonContradictions() -> [ConfigurationMistake] {
    [batchMistake(), wireMistake(), nesterovMistake(), warmupMistake()].compactMap { $0 }
      + steeringMistakes()
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

  private func wireMistake() -> ConfigurationMistake? {
    let communication = values.communication
    guard communication.wire == .bfloat16, values.batch.global % values.batch.micro == 0 else {
      return nil
    }
    guard values.reduction == .exact else {
      return mistake(
        "communication.wire",
        "MPI's own sum knows no bfloat16: set reduction to exact, or this to float32")
    }
    let microBatches = values.batch.microBatches
    let possible = MicroBatchTree.worldSizes(fitting: microBatches)
    let choices =
      "of \(microBatches) micro-batches "
      + possible.map(String.init).joined(separator: ", ") + "; the number of nodes is best"
    guard let groups = communication.groups else {
      return mistake("communication.wire", "bfloat16 needs communication.groups, \(choices)")
    }
    return possible.contains(groups)
      ? nil
      : mistake("communication.groups", "\(groups) groups do not divide a batch: \(choices)")
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
