import ArgumentParser
import CommandArguments
import Launcher
import Trainer

/// `aver-launch run`
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Runs a stage under mpirun or srun, and starts it again where it fails.",
    discussion: """
      Example: aver-launch run -n 2 teacher --config configs/teacher-small.yaml \
      optimizer.learning_rate=0.02

      The run folder is the same for all starts, and all but the first go on from its newest \
      checkpoint. The job is not started again where that would not help: when it has finished, was \
      preempted, or has a wrong configuration or bad data. After any other end it is, after 1, 2, 4 … \
      60 seconds (1 again after progress), until it has failed --patience times in a row without a \
      new checkpoint. A host on which it failed twice in a row is left out; ranks are halved where \
      the others have no room for all, and where it is the only host and the job gets nowhere. The \
      trained weights are the same bit by bit, however often that happens. What was done, and why, \
      is told on the standard error and in logs/launcher.log of the run folder.

      Signals: SIGUSR1, SIGUSR2, SIGTERM, SIGINT and SIGHUP, sent to aver-launch, make the job write a \
      checkpoint and end with 75; a second SIGTERM or SIGINT ends it at once with 130. Bare mpirun \
      kills its ranks within 2 seconds of SIGTERM or SIGINT, without a checkpoint. If aver-launch \
      itself is killed, the job writes a checkpoint and ends.

      aver-train is looked for beside aver-launch, then in the folders of PATH.

      Exit codes: \(ExitStatus.table); those of the last start, where it was given up.
      """)

  @Option(
    name: [.customShort("n"), .long],
    help: "Ranks (default: Slurm's tasks, or the slots of all hosts, or 1).")
  var ranks: Int?

  @Option(
    help: """
      What starts the ranks: mpirun, srun, or auto, which takes mpirun and, in an allocation of \
      Slurm's without one, srun.
      """)
  var launcher = StarterChoice.auto

  @Option(help: ArgumentHelp("Hosts and their slots.", valueName: "a:4,b:4"))
  var hosts: String?

  @Option(help: "Hosts, one 'HOST slots=N' a line.", completion: .file())
  var hostfile: String?

  @Option(help: "How often the job is started again at most.")
  var maxRestarts = 10

  @Option(help: "Failures in a row without a new checkpoint after which it is given up.")
  var patience = 3

  @Option(
    name: .customLong("launcher-argument"), parsing: .unconditionalSingleValue,
    help: """
      A word that mpirun or srun is given, as it is; can be repeated: \
      --launcher-argument --map-by --launcher-argument slot:PE=2.
      """)
  var launcherArguments: [String] = []

  @Option(
    name: .customLong("wrapper"), parsing: .unconditionalSingleValue,
    help: """
      A word that stands before aver-train on each rank; can be repeated: --wrapper apptainer \
      --wrapper exec --wrapper aver.sif.
      """)
  var wrapper: [String] = []

  @Argument(help: "What to train.")
  var stage: StageName

  @OptionGroup var arguments: StageArguments

  func validate() throws {
    guard ranks ?? 1 > 0 else { throw ValidationError("--ranks must be 1 or more") }
    guard maxRestarts >= 0 else { throw ValidationError("--max-restarts must be 0 or more") }
    guard patience > 0 else { throw ValidationError("--patience must be 1 or more") }
    guard hosts == nil || hostfile == nil else {
      throw ValidationError("--hosts and --hostfile exclude each other: give one of them")
    }
    guard arguments.runFolder != "" else {
      throw ValidationError("--run '': name the folder, such as --run runs/first")
    }
  }

  func run() throws {
    let status = try explainingFailures { try launch() }
    throw ExitCode(status)
  }

  private func launch() throws -> Int32 {
    let (starter, placement) = (try Starter(launcher), try placement())
    if let folder = arguments.runFolder { return try run(in: folder, starter, placement) }
    let new = try NewRunFolder(named: stage.newRunFolder())
    defer { new.removeIfEmpty() }
    return try run(in: new.path, starter, placement)
  }

  private func run(
    in folder: String, _ starter: Starter, _ placement: Placement
  ) throws -> Int32 {
    let job = JobDescription(
      stage: stage, runFolder: folder,
      resume: ResumePolicy(arguments.resume ?? "auto"), timeLimit: arguments.timeLimit,
      trainerArguments: arguments.forwarded, starterArguments: launcherArguments,
      wrapper: wrapper)
    return try Supervisor(
      job, starter: starter, placement: placement, maximalRestarts: maxRestarts,
      patience: patience
    ).run()
  }

  private func placement() throws -> Placement {
    let chosen = try hosts.map { try HostList(list: $0) } ?? hostfile.map { try HostList(file: $0) }
    if let chosen { return Placement(ranks: ranks, hosts: chosen, isChosen: true) }
    let slurm = LaunchEnvironment.current.slurm
    return Placement(
      ranks: ranks ?? slurm?.tasks, hosts: slurm.flatMap { HostList($0) }, isChosen: false)
  }
}

extension StarterChoice: ExpressibleByArgument {}
extension StageName: ExpressibleByArgument {}
