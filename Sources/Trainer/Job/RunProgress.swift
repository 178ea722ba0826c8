import Foundation

/// How far a run has come, as its folder tells anybody who looks at it from outside.
public struct RunProgress: Equatable, Sendable {
  /// The newest checkpoint of each training of the run, by the training's folder.
  private let checkpoints: [String: String]
  /// The step of the last metrics of the training under way, nil before there are any.
  private let measuredStep: Int?
  /// The step that the training under way goes on from, nil where it has no checkpoint.
  public let checkpointStep: Int?
  /// Whether an evaluation after that step is still to be made.
  private let isEvaluationOwed: Bool
  /// Whether a run has begun there.
  public let hasBegun: Bool
  /// Whether it has come to its end.
  public let hasFinished: Bool
  /// What ranks died of, in all processes of the run.
  public let crashes: Set<CrashReport>

  /// The step that is known to have been made, nil before the first.
  public var lastStep: Int? { [measuredStep, checkpointStep].compactMap { $0 }.max() }

  /// Whether a checkpoint was written after `earlier`, be it of an earlier step.
  public func hasCheckpoint(since earlier: RunProgress) -> Bool {
    checkpoints != earlier.checkpoints
  }

  /// Whether the training under way has come to a step, and what was to be measured there is.
  package func hasCome(to step: Int) -> Bool {
    guard let checkpointStep, checkpointStep == step else { return checkpointStep ?? 0 > step }
    // Who stops a run in the middle of an evaluation has it made by the next start.
    return !isEvaluationOwed
  }

  /// Looks at the run in a folder, which need not exist yet.
  public init(ofRun path: String) {
    let trainings = Self.trainings(of: path)
    let newest = Dictionary(
      uniqueKeysWithValues: trainings.map { ($0, Self.newestCheckpoint(of: $0)) }
    ).compactMapValues { $0 }
    let current = trainings.last { DurableFiles.exists(RunFolder(path: $0).metrics) }
    checkpoints = newest
    checkpointStep = current.flatMap { newest[$0] }.flatMap(CheckpointStore.step(ofFolder:))
    isEvaluationOwed =
      current.flatMap { training in
        newest[training].flatMap {
          CheckpointStore.wholeState("\(RunFolder(path: training).checkpoints)/\($0)")
        }
      }.map { !$0.isEvaluated } ?? false
    measuredStep = current.flatMap { MetricsFile.lastStep(in: RunFolder(path: $0).metrics) }
    hasBegun = RunFolder(path: path).isInUse
    hasFinished = DurableFiles.exists(RunFolder(path: path).finalModel)
    crashes = Set(trainings.flatMap(Self.crashes))
  }

  /// The trainings of a run in their order: students who become teachers have folders of their own,
  /// the last one has the run's.
  private static func trainings(of path: String) -> [String] {
    let prefix = Distill.generationPrefix
    let generations = names(in: path).compactMap { name in
      name.hasPrefix(prefix) ? Int(name.dropFirst(prefix.count)) : nil
    }
    return generations.sorted().map { "\(path)/\(prefix)\($0)" } + [path]
  }

  private static func newestCheckpoint(of training: String) -> String? {
    let marker = "\(RunFolder(path: training).checkpoints)/latest"
    guard let bytes = try? DurableFiles.contents(marker) else { return nil }
    return String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private static func crashes(of training: String) -> [CrashReport] {
    let folder = "\(training)/crash"
    return names(in: folder).filter { $0.hasSuffix(".json") }
      .compactMap { CrashReport(readingFrom: "\(folder)/\($0)") }
  }

  private static func names(in folder: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
  }
}
