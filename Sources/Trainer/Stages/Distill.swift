/// The stage `distill`: a student that learns from labelled faces and triplets, and from what a teacher
/// says about those faces and about others without labels.
///
/// - Source: L. Schoneveld, A. Othmani and H. Abdelkawy, "Leveraging recent advances in deep learning for
///   audio-visual emotion recognition", 2021.
public enum Distill {
  /// The configuration's keys with their meaning, for a help text.
  public static var keyTable: String { DistillConfiguration.keyTable }

  /// Runs the stage as one rank of `job`: one training, or several of which each student teaches the
  /// next. Collective.
  ///
  /// - Returns: `.finished` or `.preempted`.
  /// - Throws: `TrainerError.agreed` for what all ranks know; anything else is this rank's own.
  public static func run(_ options: StageOptions, job: Job) throws -> ExitStatus {
    let values = try job.agreement.together {
      try DistillConfiguration.load(
        file: options.configurationFile, overrides: options.overrides
      ).values
    }
    let generations = values.distill.generations
    guard generations > 1 else {
      return try StageRun<FaceStage<DistillConfiguration>>.run(options, job: job)
    }
    var options = options
    options.runFolder = try job.agreement.onRankZero { try Generation.runFolder(options) }
    for number in 1...generations {
      let generation = Generation(number: number, of: generations, values: values, run: options)
      if options.resume == .auto, try job.agreement.onRankZero({ generation.isFinished }) {
        continue
      }
      let status = try StageRun<FaceStage<DistillConfiguration>>.run(
        generation.options, recording: number == generations ? options : nil, job: job)
      guard status == .finished else { return status }
    }
    return .finished
  }
}

/// One training of several in a row. All but the last have a folder of their own in the run folder, with
/// a configuration that repeats them alone.
private struct Generation {
  /// The training's own command line.
  let options: StageOptions

  /// - Parameters:
  ///   - number: counted from 1.
  ///   - values: the configuration of all.
  ///   - run: the command line of all, with a run folder.
  init(number: Int, of count: Int, values: DistillConfiguration, run: StageOptions) {
    let folder = run.runFolder ?? ""
    func path(_ number: Int) -> String { "\(folder)/generation-\(number)" }
    var options = run
    if number < count { options.runFolder = path(number) }
    options.overrides.append("distill.generations=1")
    if number > 1 {
      options.overrides += [
        "seed=\(values.seed &+ UInt64(number - 1))",
        "distill.teacher=\(path(number - 1).yaml)", "distill.checkpoint=best",
      ]
    }
    self.options = options
  }

  /// Whether the training was brought to its end.
  var isFinished: Bool {
    options.runFolder.map { DurableFiles.exists(RunFolder(path: $0).finalModel) } ?? false
  }

  /// The folder of all, whose name is chosen here where the command line has none.
  static func runFolder(_ options: StageOptions) throws -> String {
    if case .checkpoint = options.resume {
      throw TrainerError.usage(
        "--resume CHECKPOINT names one of several generations; go on with --resume auto")
    }
    if let folder = options.runFolder { return folder }
    guard options.resume == .never else {
      throw TrainerError.usage(
        "--resume auto needs --run DIR: a new run folder has nothing to resume")
    }
    return RunFolder.new(stage: .distill).path
  }
}
