import Foundation

/// A program under way that runs a job's ranks.
///
/// Its session is its own, so that a terminal's ctrl-C does not reach it: mpirun would kill its ranks two
/// seconds later, without a checkpoint. If this process is killed, it gets SIGUSR1 and the job ends with a
/// checkpoint.
final class RunningJob {
  /// The program's process number.
  let process: pid_t
  private let relay: ErrorRelay
  /// How it ended, nil before.
  private(set) var end: JobEnd?

  /// Starts a program. Call it on the first thread, whose end would be taken for this process's.
  ///
  /// - Parameter command: the program's path and its arguments.
  /// - Throws: `LaunchError.cannotStart`, `.system`.
  init(_ command: [String]) throws {
    relay = try ErrorRelay()
    process = try ChildProcess.start(command, output: STDOUT_FILENO, errors: relay.input)
  }

  /// Sends the program a signal, unless it has ended.
  func send(_ signal: Int32) {
    if end == nil { kill(process, signal) }
  }

  /// Takes note of the program's end.
  func reap() { end = end ?? ChildProcess.end(of: process) }

  /// The job's processes on this machine that are still there.
  var processes: [pid_t] { ProcessSession(leader: process).members }

  /// What the program said about its end.
  func notices() -> [FailureNotice] { relay.finish(within: 2) }
}
