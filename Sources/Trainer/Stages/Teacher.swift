/// The stage `teacher`: expression classes, valence and arousal, and an embedding of likeness, learned
/// by one network from labelled faces and triplets.
public enum Teacher {
  /// The configuration's keys with their meaning, for a help text.
  public static var keyTable: String { TeacherConfiguration.keyTable }

  /// Runs the stage as one rank of `job`. Collective.
  ///
  /// - Returns: `.finished` or `.preempted`.
  /// - Throws: `TrainerError.agreed` for what all ranks know; anything else is this rank's own.
  public static func run(_ options: StageOptions, job: Job) throws -> ExitStatus {
    try StageRun<FaceStage<TeacherConfiguration>>.run(options, job: job)
  }
}
