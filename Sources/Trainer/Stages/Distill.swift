/// The stage `distill`: a student that learns from labelled faces and triplets, and from what a teacher
/// says about those faces and about others without labels.
///
/// - Source: L. Schoneveld, A. Othmani and H. Abdelkawy, "Leveraging recent advances in deep learning for
///   audio-visual emotion recognition", 2021.
public enum Distill {
  /// What the folders of students who become teachers are called, before their number.
  static let generationPrefix = "generation-"

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
    let record = RunFolder(path: options.runFolder ?? "").generations
    try job.agreement.onRankZero { try Generation.require(generations, in: record) }
    for number in 1...generations {
      let generation = Generation(number: number, of: generations, values: values, run: options)
      if try generation.isFinished(job) { continue }
      let status = try StageRun<FaceStage<DistillConfiguration>>.run(generation.options, job: job) {
        try DurableFiles.replace(record, with: Array(values.yaml().utf8))
      }
      guard status == .finished else { return status }
    }
    return .finished
  }
}

/// One training of several in a row. All but the last have a folder of their own in the run folder. What
/// is in a folder is one training's, its configuration as well; that of all is beside the last one's.
private struct Generation {
  /// The training's own command line.
  let options: StageOptions

  /// - Parameters:
  ///   - number: counted from 1.
  ///   - values: the configuration of all.
  ///   - run: the command line of all, with a run folder.
  init(number: Int, of count: Int, values: DistillConfiguration, run: StageOptions) {
    let folder = run.runFolder ?? ""
    func path(_ number: Int) -> String { "\(folder)/\(Distill.generationPrefix)\(number)" }
    var options = run
    if number < count {
      options.runFolder = path(number)
      options.stopAfter = nil
    }
    options.overrides += ["distill.generations=1", "distill.followed=\(number < count)"]
    if number > 1 {
      options.overrides += [
        "seed=\(values.seed &+ UInt64(number - 1))",
        "distill.teacher=\(path(number - 1).yaml)", "distill.checkpoint=best",
      ]
    }
    self.options = options
  }

  /// Whether the training was brought to its end, as it would be made now. Collective.
  ///
  /// - Throws: what going on with it throws where teacher, data or configuration are others now.
  func isFinished(_ job: Job) throws -> Bool {
    let hasEnded = try job.agreement.onRankZero { () -> Bool in
      guard options.resume == .auto, let folder = options.runFolder else { return false }
      return DurableFiles.exists(RunFolder(path: folder).finalModel)
    }
    return try hasEnded
      && StageRun<FaceStage<DistillConfiguration>>.findCheckpoint(of: options, job: job) != nil
  }

  /// Throws where a folder has a run of another number of generations: with more of them, what was the
  /// last would be in the place of another.
  ///
  /// - Parameter record: the configuration of that run, if there is one.
  static func require(_ generations: Int, in record: String) throws {
    guard DurableFiles.exists(record) else { return }
    let there = try DistillConfiguration.load(file: record).values.distill.generations
    guard there != generations else { return }
    let folder = DurableFiles.parent(of: record)
    throw TrainerError.usage(
      "distill.generations: \(folder) is a run of \(there), not \(generations); for more of them, name "
        + "another --run, with distill.teacher=\(folder)")
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
