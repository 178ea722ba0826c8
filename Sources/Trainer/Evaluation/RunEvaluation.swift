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

/// The evaluation of a finished or running training: `aver evaluate`.
public struct RunEvaluation: Sendable {
  /// The run folder.
  public var run: String
  /// `best` (`final` in a run that has no best model), `final`, `latest`, or the path of a
  /// checkpoint or of a safetensors file.
  public var checkpoint: String
  /// A list of faces or utterances instead of the run's validation list; or a split of a run's speech, by
  /// its name.
  public var list: String?
  /// The folder that the list's image paths are relative to, instead of the run's.
  public var root: String?
  /// Samples of a batch, instead of the run's micro-batch.
  public var batch: Int?
  /// Number format, instead of the run's.
  public var precision: String?

  /// An evaluation with every setting given.
  public init(
    run: String, checkpoint: String, list: String?, root: String?, batch: Int?, precision: String?
  ) {
    self.run = run
    self.checkpoint = checkpoint
    self.list = list
    self.root = root
    self.batch = batch
    self.precision = precision
  }

  /// Evaluates on all ranks of `job`. Collective.
  ///
  /// - Returns: the report and the weights file it is about, the same on all ranks.
  /// - Throws: `TrainerError.agreed` for what all ranks know; anything else is this rank's own.
  public func evaluate(job: Job) throws -> (report: any RunReport, weights: String) {
    if let batch, batch < 1 {
      throw TrainerError.agreed(
        rank: 0, status: .usage, message: "--batch \(batch): a batch has at least 1 sample")
    }
    switch try job.agreement.together({ try folder.stage() }) {
    case .teacher: return try evaluateFaces(TeacherConfiguration.self, job: job)
    case .distill: return try evaluateFaces(DistillConfiguration.self, job: job)
    case .audio: return try evaluateSpeech(job: job)
    }
  }

  var folder: RunFolder { RunFolder(path: run) }

  /// The run's configuration, with what the command line says as overrides: checked like any other.
  func loadConfiguration<Configuration: StageConfiguration>(
    _ type: Configuration.Type
  ) throws -> Configuration {
    let overrides = [
      root.map { "data.root=\($0.yaml)" }, precision.map { "precision=\($0)" },
    ].compactMap { $0 }
    return try Configuration.load(file: folder.configuration, overrides: overrides).values
  }
}
