import ArgumentParser
import CommandArguments
import Foundation
import Trainer

/// The trainer: stages and benchmarks, as ranks of an MPI job.
@main
struct AverTrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "aver-train",
    abstract: "Trains audio-visual emotion recognition on the ranks of an MPI job.",
    discussion: """
      Start it under mpirun or srun; without them the job has one rank.

      Exit codes: \(ExitStatus.table).

      Signals: SIGUSR1 and SIGUSR2, sent to mpirun or to any rank, make the run write a checkpoint \
      at the next step boundary and exit with 75; SIGTERM and SIGINT mean the same where they reach \
      the ranks (srun, batch scripts), and a second one of these ends the run at once with 130. \
      Bare mpirun kills its ranks within 2 seconds of SIGTERM or SIGINT, so there the last \
      checkpoint is what stays: send it SIGUSR1 instead.
      """,
    subcommands: [
      TeacherCommand.self, DistillCommand.self, AudioCommand.self, FusionCommand.self,
      BenchmarkCommand.self,
    ])

  static func main() {
    do {
      var command = try parseAsRoot(ProcessWords.arguments)
      try command.run()
    } catch {
      leave(error)
    }
  }

  /// Ends the process; what the parser has to say is said once, not by every rank.
  private static func leave(_ error: any Error) -> Never {
    guard !(error is ExitCode), LaunchEnvironment.current.worldSize > 1 else {
      exit(withError: error)
    }
    let code = exitCode(for: error)
    let message = fullMessage(for: error)
    let status = Job.run { job in
      if job.isRankZero {
        try (code == .success ? StandardStream.output : .errors).write("\(message)\n")
      }
      try job.communicator.barrier()
      return .finished
    }
    Foundation.exit(status == .finished ? code.rawValue : status.rawValue)
  }
}
