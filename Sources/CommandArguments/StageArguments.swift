import ArgumentParser
import Trainer

/// The arguments that every stage takes, from the trainer and from whoever starts it.
public struct StageArguments: ParsableArguments {
  /// The configuration, a YAML file.
  @Option(help: "The configuration, a YAML file.", completion: .file(extensions: ["yaml", "yml"]))
  public var config: String

  /// The run folder, nil for a new one.
  @Option(
    name: .customLong("run"),
    help: "The run folder (default: a new runs/<stage>-<date>-<time>).", completion: .directory)
  public var runFolder: String?

  /// `auto`, `never` or the path of a checkpoint, nil where nothing was said.
  @Option(
    help: """
      auto goes on from the run folder's newest valid checkpoint, or begins where there is none; \
      never begins afresh and refuses a folder that holds a run; a checkpoint's path goes on from \
      there. The default is never of aver-train and auto of aver-launch.
      """)
  public var resume: String?

  /// Go on with other kernels.
  @Flag(
    help: """
      Go on although the kernel library, the instruction set or the threads are others than the \
      checkpoint's or differ between ranks: the bits of the result will be others.
      """)
  public var allowIdentityChange = false

  /// How long the job may take.
  @Option(
    help: """
      Leave with a checkpoint and 75 in time before so long has passed since the start of the ranks: \
      minutes, HH:MM:SS or days-HH:MM:SS, as Slurm's --time. Where Slurm tells the job's end, that holds \
      as well. aver-launch counts from its own start, over all restarts.
      """)
  public var timeLimit: TimeLimit?

  /// Where the run pauses.
  @Option(
    help: ArgumentHelp(
      """
      Pause after this update, with a checkpoint and 0; the run goes on as if it never had with --resume \
      auto. Of several generations, the last one's updates count.
      """, valueName: "step"))
  public var stopAfter: Int?

  /// How long a scheduler waits.
  @Option(
    help: ArgumentHelp(
      """
      What the scheduler leaves between asking the job to stop and killing it, such as GraceTime of \
      Slurm's partition: a warning is given where a step and a checkpoint take longer.
      """, valueName: "seconds"))
  public var gracePeriod: Int?

  /// Where a picture of what ran when is written.
  @Option(
    help: ArgumentHelp(
      """
      Write what each rank did when, computing and communicating, for ui.perfetto.dev or chrome://tracing: the \
      first few hundred steps of this start, at its end, unless it is stopped.
      """, valueName: "file"))
  public var trace: String?

  /// `key=value`.
  @Argument(help: "Configuration values that win over the file, such as train.epochs=4.")
  public var overrides: [String] = []

  /// Arguments without values, which the parser fills in.
  public init() {}

  /// Refuses what no scheduler waits.
  public func validate() throws {
    guard gracePeriod ?? 1 > 0 else {
      throw ValidationError("--grace-period must be 1 second or more")
    }
    guard stopAfter ?? 1 > 0 else { throw ValidationError("--stop-after must be 1 or more") }
  }

  /// What has to be said once more to whoever is started with the same configuration: all but where the
  /// run is and begins, and how long it may take.
  public var forwarded: [String] { ["--config", config] + shared + ["--"] + overrides }

  /// Those options that hold wherever the ranks are started.
  private var shared: [String] {
    (allowIdentityChange ? ["--allow-identity-change"] : [])
      + (gracePeriod.map { ["--grace-period", "\($0)"] } ?? [])
      + (stopAfter.map { ["--stop-after", "\($0)"] } ?? [])
      + (trace.map { ["--trace", $0] } ?? [])
  }

  /// What a batch job is told beside the configuration and where the run is.
  public var flags: [String] { shared + (timeLimit.map { ["--time-limit", $0.text] } ?? []) }

  /// Runs a stage with these arguments on this rank, and leaves the process with its status.
  public func run(_ stage: (StageOptions, Job) throws -> ExitStatus) throws {
    let options = StageOptions(
      configurationFile: config, overrides: overrides, runFolder: runFolder,
      resume: resume.map { ResumePolicy($0) } ?? .never, allowIdentityChange: allowIdentityChange,
      timeLimit: timeLimit, stopAfter: stopAfter, graceSeconds: gracePeriod,
      trace: trace)
    try Job.run(takingSignals: true, limits: .init(overrides: overrides)) { try stage(options, $0) }
      .leave()
  }

  /// What a stage's help says beside its arguments.
  ///
  /// - Parameters:
  ///   - stage: the stage's name.
  ///   - about: what there is to know about this one.
  ///   - keys: the table of its configuration's keys.
  public static func discussion(of stage: String, about: String = "", keys: String) -> String {
    """
    \(about.isEmpty ? "" : about + "\n\n")\
    Example: mpirun -n 2 aver-train \(stage) --config configs/\(stage)-small.yaml --run runs/first \
    optimizer.learning_rate=0.02

    The number of ranks must be a power of two that divides batch.global / batch.micro. Whichever it \
    is, and wherever the run was stopped and resumed, the trained weights are the same bit by bit. A \
    run that was stopped goes on with --run DIR --resume auto.

    Configuration keys:
    \(keys)

    Exit codes: \(ExitStatus.table).
    """
  }
}

extension TimeLimit: ExpressibleByArgument {
  /// Reads what `TimeLimit.init(_:)` does.
  public init?(argument: String) { self.init(argument) }
}
