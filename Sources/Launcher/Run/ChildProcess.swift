import CProcess
import Foundation

/// Programs that this one runs beside it, each in a session of its own.
enum ChildProcess {
  /// Starts a program; if this process is killed, it gets SIGUSR1. Call it on the first thread, whose end
  /// would be taken for this process's.
  ///
  /// - Parameters:
  ///   - command: the program's path and its arguments.
  ///   - output: what it writes to.
  ///   - errors: what it complains to.
  /// - Returns: its process number.
  /// - Throws: `LaunchError.cannotStart`.
  static func start(_ command: [String], output: CInt, errors: CInt) throws -> pid_t {
    var words = command.map { strdup($0) } + [nil]
    defer { words.forEach { free($0) } }
    let process = aver_start_process(command[0], &words, output, errors, SIGUSR1)
    guard process > 0 else {
      throw LaunchError.cannotStart(
        program: command[0], reason: String(cString: strerror(errno)))
    }
    return process
  }

  /// How a program ended that this process has started; nil where it has not.
  static func end(of process: pid_t) -> JobEnd? {
    var status: Int32 = 0
    return waitpid(process, &status, WNOHANG) == process ? JobEnd(waitStatus: status) : nil
  }
}
