import ArgumentParser
import Launcher
import Trainer

/// The launcher: starts the trainer's ranks and keeps them alive.
@main
struct AverLaunch: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "aver-launch",
    abstract: "Starts trainings on the ranks of a job and sees them through to their end.",
    subcommands: [
      RunCommand.self, SubmitCommand.self, SweepCommand.self, StatusCommand.self,
      LogsCommand.self, CancelCommand.self, ReportCommand.self, BenchmarkCommand.self,
    ])

  static func main() { main(ProcessWords.arguments) }
}

/// Runs a part of a command; what goes wrong is said, and ends the command with its status.
func explainingFailures<Value>(_ body: () throws -> Value) throws -> Value {
  do {
    return try body()
  } catch let error as LaunchError {
    Job.printError("\(error)")
    throw ExitCode(error.exitStatus.rawValue)
  } catch let error as TrainerError {
    Job.printError("\(error)")
    throw ExitCode(error.exitStatus.rawValue)
  }
}
