import Datasets
import Foundation
import Nets

/// What an evaluation of a run found, the same for any number of ranks.
public protocol RunReport: Sendable {
  /// What was wrong with samples that are not in the numbers.
  var problems: [SampleProblem] { get }
  /// The report as tables for people.
  var text: String { get }
  /// The report as one JSON object.
  func json() throws -> String
}

/// A report as `RunEvaluation` makes it.
protocol MeasuredReport: RunReport {
  /// Whether the numbers mean anything: outputs that are not finite can still be counted right.
  var isFinite: Bool { get }
  /// Finds how far other samples' numbers could be.
  mutating func addIntervals(_ bootstrap: Bootstrap)
}

extension MeasuredReport {
  /// What `json` returns of a report's content: its keys are in order.
  func json(of content: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return String(decoding: try encoder.encode(content), as: UTF8.self)
  }
}

/// The evaluation of a finished or running training: `aver evaluate`.
public struct RunEvaluation: Sendable {
  /// The run folder.
  public var run: String
  /// `best` (`final` in a run that has no best model), `final`, `latest`, or the path of a
  /// checkpoint or of a safetensors file.
  public var checkpoint: String
  /// A list of faces or utterances instead of the run's own.
  public var list: String?
  /// The folder that the list's image paths are relative to, instead of the run's.
  public var root: String?
  /// Samples of a batch, instead of the run's micro-batch.
  public var batch: Int?
  /// Number format, instead of the run's.
  public var precision: String?
  /// Of a run that splits its own data (speech, recordings): `training`, `validation` (where nil) or
  /// `test`, by any of the names that lists have for them.
  public var split: String?
  /// What becomes of a recording without film or sound, instead of the run's `data.on_missing`.
  public var onMissing: String?
  /// A folder of RAF-DB on which the backbone's features are tried, instead of evaluating the model.
  public var probe: String?
  /// Replicates of the bootstrap; 0 for no intervals.
  public var bootstrap: Int

  /// An evaluation with every setting given.
  public init(
    run: String, checkpoint: String, list: String?, root: String?, batch: Int?, precision: String?,
    split: String? = nil, onMissing: String? = nil, probe: String? = nil, bootstrap: Int = 1000
  ) {
    self.run = run
    self.checkpoint = checkpoint
    self.list = list
    self.root = root
    self.batch = batch
    self.precision = precision
    self.split = split
    self.onMissing = onMissing
    self.probe = probe
    self.bootstrap = bootstrap
  }

  /// Evaluates on all ranks of `job`. Collective.
  ///
  /// - Returns: the report and the weights file it is about, the same on all ranks.
  /// - Throws: `TrainerError.agreed` for what all ranks know; anything else is this rank's own.
  public func evaluate(job: Job) throws -> (report: any RunReport, weights: String) {
    if let mistake = settingMistake {
      throw TrainerError.agreed(rank: 0, status: .usage, message: mistake)
    }
    var (report, weights) = try measure(job: job)
    try job.throwingAlike {
      guard report.isFinite else { throw TrainerError.outputsNotFinite(weights: weights) }
    }
    report.addIntervals(Bootstrap(replicates: bootstrap))
    return (report, weights)
  }

  /// What an evaluation found, and the weights file that it is about.
  typealias Measured = (report: any MeasuredReport, weights: String)

  private func measure(job: Job) throws -> Measured {
    switch try job.agreement.together({ try stage() }) {
    case .teacher: return try evaluateFaces(TeacherConfiguration.self, job: job)
    case .distill: return try evaluateFaces(DistillConfiguration.self, job: job)
    case .audio: return try evaluateSpeech(job: job)
    case .fusion: return try evaluateFusion(job: job)
    }
  }

  /// The run's stage, where what is asked for is something it has.
  private func stage() throws -> StageName {
    let stage = try folder.stage()
    if split != nil, stage == .teacher || stage == .distill {
      throw TrainerError.usage(
        "--split: a run of \(stage.rawValue) has lists of its own; name one with --data")
    }
    if onMissing != nil, stage != .fusion {
      throw TrainerError.usage(
        "--on-missing: \(run) is a run of \(stage.rawValue), which knows no recordings")
    }
    if probe != nil, stage != .teacher, stage != .distill {
      throw TrainerError.usage(
        "--probe: \(run) is a run of \(stage.rawValue), which sees no faces; name one of teacher or "
          + "distill")
    }
    return stage
  }

  /// What is wrong with the settings; nil for nothing.
  private var settingMistake: String? {
    if let batch, batch < 1 { return "--batch \(batch): a batch has at least 1 sample" }
    if !Self.possibleReplicates.contains(bootstrap) {
      return "--bootstrap \(bootstrap): from 0, for no intervals, to "
        + "\(Self.possibleReplicates.upperBound)"
    }
    if probe != nil, list != nil || root != nil {
      return "--probe evaluates on the parts of RAF-DB; leave --data and --root out"
    }
    return nil
  }

  /// The part of the run's own data that is wanted.
  func wantedSplit() throws -> Split {
    guard let split else { return .validation }
    guard let named = Split(name: split) else {
      throw TrainerError.usage("--split \(split): name training, validation or test")
    }
    return named
  }

  private static let possibleReplicates = 0...1_000_000

  var folder: RunFolder { RunFolder(path: run) }

  /// The run's configuration, with what the command line says as overrides: checked like any other.
  func loadConfiguration<Configuration: StageConfiguration>(
    _ type: Configuration.Type
  ) throws -> Configuration {
    try Configuration.load(file: folder.configuration, overrides: overrides).values
  }

  /// Finds the weights and readies the kernels as the run's configuration says.
  func findWeights(_ configuration: some StageConfiguration, job: Job) throws -> String {
    let weights = try folder.weights(named: checkpoint)
    try Engine.configure(threads: configuration.threads)
    job.warnOfSlowKernels(precision: configuration.precision)
    return weights
  }

  /// What the command line says, as overrides of the run's configuration.
  var overrides: [String] {
    [
      root.map { "data.root=\($0.yaml)" }, precision.map { "precision=\($0)" },
      onMissing.map { "data.on_missing=\($0.yaml)" },
    ].compactMap { $0 }
  }
}
