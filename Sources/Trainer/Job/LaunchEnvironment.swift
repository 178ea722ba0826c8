import Foundation

/// What launchers put into the environment of a rank, and what is known before MPI starts: the one
/// place where the environment is read.
public struct LaunchEnvironment: Sendable {
  /// Variables that hold the number of ranks, by launcher.
  private static let worldSizeNames = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_NTASKS"]

  /// Where Open MPI says which of its host's ranks a process is.
  private static let localRankName = "OMPI_COMM_WORLD_LOCAL_RANK"
  /// Variables that hold the scheduler's name for the job, and how often it has been started again.
  private static let schedulers = [
    (name: "slurm", job: "SLURM_JOB_ID", restarts: "SLURM_RESTART_COUNT"),
    (name: "pbs", job: "PBS_JOBID", restarts: nil),
  ]
  /// When the scheduler will end the job, in seconds since 1970.
  private static let endTimeName = "SLURM_JOB_END_TIME"
  /// Variables that Open MPI takes its temporary folder from.
  private static let temporaryFolderNames = ["OMPI_MCA_orte_tmpdir_base", "TMPDIR", "TEMP", "TMP"]

  /// Ranks of the job, 1 where no launcher says otherwise.
  public let worldSize: Int
  /// The mpirun or its daemon that has started this process, where it is the first of its host; nil for
  /// others.
  let localLauncher: FileWriter?
  /// Where Open MPI keeps what is its own here; nil where it has not started this process.
  let session: OpenMPISession?
  /// Whether rank 0's output ends on a terminal.
  public let isTerminal: Bool
  /// The scheduler's job that this process is a part of; nil outside of one.
  let scheduled: ScheduledJob?
  /// When the scheduler will end the job; nil where it does not say.
  let endTime: Date?
  /// The folders that programs are looked for in, in this order.
  public let searchPath: [String]
  /// The folders that Open MPI's session folder may be in.
  public let temporaryFolders: [String]
  /// Where this process runs in an allocation of Slurm's.
  public let slurm: SlurmAllocation?

  /// This process's environment.
  public static var current: LaunchEnvironment {
    let variables = ProcessInfo.processInfo.environment
    let sizes = worldSizeNames.lazy.compactMap { variables[$0].flatMap(Int.init) }
    let session = OpenMPISession(variables)
    let isUnderOpenMPI = variables["OMPI_COMM_WORLD_RANK"] != nil
    return LaunchEnvironment(
      worldSize: sizes.first ?? 1,
      localLauncher: variables[localRankName] == "0"
        ? FileWriter(numbering: FileWriter.current.numbering, process: launcher(of: session))
        : nil,
      session: session,
      isTerminal: variables["TERM"] != "dumb"
        && (isUnderOpenMPI ? parentWritesToTerminal() : isatty(STDOUT_FILENO) == 1),
      scheduled: scheduledJob(variables),
      endTime: variables[endTimeName].flatMap { UInt32($0) }
        .map { Date(timeIntervalSince1970: TimeInterval($0)) },
      searchPath: (variables["PATH"] ?? "").split(separator: ":").map(String.init),
      temporaryFolders: temporaryFolderNames.compactMap { variables[$0] } + ["/tmp"],
      slurm: SlurmAllocation(variables))
  }

  /// The process that has started this one; where it has died meanwhile and is not known any more, this one,
  /// which ends with it.
  private static func launcher(of session: OpenMPISession?) -> Int32 {
    session?.launcher ?? (getppid() == 1 ? getpid() : getppid())
  }

  private static func scheduledJob(_ variables: [String: String]) -> ScheduledJob? {
    schedulers.lazy.compactMap { scheduler in
      variables[scheduler.job].map { identifier in
        ScheduledJob(
          name: "\(scheduler.name):\(identifier)",
          restarts: scheduler.restarts.flatMap { variables[$0] }.flatMap(Int.init) ?? 0)
      }
    }.first
  }

  /// mpirun gives its ranks a pseudo-terminal whatever its own output is, so that its own is what
  /// has to be asked; where the parent is a daemon on another host, it has none.
  private static func parentWritesToTerminal() -> Bool {
    let link = "/proc/\(getppid())/fd/1"
    guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: link)
    else { return false }
    return target.hasPrefix("/dev/pts/") || target.hasPrefix("/dev/tty")
  }
}

/// A job of a scheduler, which ends one start of it before it makes the next.
struct ScheduledJob: Equatable, Sendable {
  /// `slurm:1234`.
  var name: String
  /// How often the scheduler has started it again.
  var restarts: Int
}
