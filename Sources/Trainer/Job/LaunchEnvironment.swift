import Foundation

/// What launchers put into the environment of a rank, and what is known before MPI starts: the one
/// place where the environment is read.
public struct LaunchEnvironment: Sendable {
  /// Variables that hold the number of ranks, by launcher.
  private static let worldSizeNames = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_NTASKS"]

  /// Ranks of the job, 1 where no launcher says otherwise.
  public let worldSize: Int
  /// Whether rank 0's output ends on a terminal.
  public let isTerminal: Bool

  /// This process's environment.
  public static var current: LaunchEnvironment {
    let variables = ProcessInfo.processInfo.environment
    let sizes = worldSizeNames.lazy.compactMap { variables[$0].flatMap(Int.init) }
    let isUnderOpenMPI = variables["OMPI_COMM_WORLD_RANK"] != nil
    return LaunchEnvironment(
      worldSize: sizes.first ?? 1,
      isTerminal: variables["TERM"] != "dumb"
        && (isUnderOpenMPI ? parentWritesToTerminal() : isatty(STDOUT_FILENO) == 1))
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
