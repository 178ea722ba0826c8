import ArgumentParser
import Trainer

/// The launcher: starts the trainer's ranks and keeps them alive.
@main
struct AverLaunch: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "aver-launch",
    abstract: "Starts trainings on the ranks of a job and sees them through to their end.",
    subcommands: [RunCommand.self])
}
